#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, runs every test. The last line reads "N passed, N failed, N skipped".
#
#   tests/run.sh            all labels
#   tests/run.sh --asan     the same under the address and undefined-behaviour sanitizers
#   tests/run.sh --tsan     the same under the thread sanitizer
#   tests/run.sh [--asan|--tsan] CTEST_ARGUMENTS…   for example -L unit, or -R conf
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

preset=ci
case "${1:-}" in
  --asan | --tsan)
    preset=${1#--}
    shift
    ;;
esac
export CTEST_OUTPUT_ON_FAILURE=1
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
jobs=${SONATA_JOBS:-$(nproc)}

deploy/install-deps.sh build test cross || exit 1
configured=$(cmake --preset "$preset" 2>&1) || { echo "$configured"; exit 1; }
ninja -C "build/$preset" -j "$jobs" || exit 1

log="build/$preset/tests.log"
ctest --test-dir "build/$preset" -j "$jobs" "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

passed=$(grep -cE 'Test +#[0-9]+: .* +Passed ' "$log")
skipped=$(grep -cE 'Test +#[0-9]+: .*\*+ ?Skipped' "$log")
total=$(grep -cE 'Test +#[0-9]+: ' "$log")
failed=$((total - passed - skipped))
if [ "$total" = 0 ]; then
  echo "no tests were found"
  status=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
