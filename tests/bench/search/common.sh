# Sourced by d1.sh … d8.sh: finds the program and the tables, runs one benchmark, checks the bars of its JSON.
#   SEEDS=30 JOBS=all FIRST_SEED=1   how much is run
#   SONATA_BENCH=…                   the program (default: the newest build/*/bin/sonata or sonata-bench)
#   SONATA_SHARED=…                  the folder with data/ (default: ../shared beside the source tree)
#   RESULTS=…                        where the JSON and the pages go (default: a temporary folder)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
data=${SONATA_SHARED:-$root/../shared}/data
if [ ! -d "$data" ]; then
  echo "skipped: $data is not there; SONATA_SHARED names the folder that holds data/" >&2
  exit 77
fi
if [ -z "${SONATA_BENCH:-}" ]; then
  newest=$(ls -t "$root"/build/*/bin/sonata "$root"/build/*/bin/sonata-bench 2>/dev/null | head -n 1)
  [ -n "$newest" ] || { echo "skipped: build the program first (cmake --build build/dev --target sonata-bench)" >&2; exit 77; }
  SONATA_BENCH=$newest
fi
case $(basename "$SONATA_BENCH") in
sonata) bench() { "$SONATA_BENCH" bench "$@"; } ;;
*) bench() { "$SONATA_BENCH" "$@"; } ;;
esac
SEEDS=${SEEDS:-30}
results=${RESULTS:-$(mktemp -d)}
mkdir -p "$results"
jobs=
[ -z "${JOBS:-}" ] || jobs="--jobs $JOBS"
status=0

# run NAME arguments…: the command is shown, so that it can be pasted
run() {
  name=$1
  shift
  echo
  echo "\$ sonata bench $* --seeds $SEEDS" | sed "s|$data|\$DATA|g"
  bench "$@" --seeds "$SEEDS" --first-seed "${FIRST_SEED:-1}" $jobs --json "$results/$name.json" --plot "$results/$name.html"
}

# bars NAME 'bar' …: see check.py
bars() {
  name=$1
  shift
  /usr/bin/env python3 "$here/check.py" "$results/$name.json" "$@" || status=1
}

nb201="--space nb201 --table $data/nb201.csv.gz --objective cifar10_test200:max --ideal cifar10_test200=5.6267 --reference cifar10_test200=9.255"
raspi4="--objective raspi4_latency_ms:min --ideal raspi4_latency_ms=0.01128 --reference raspi4_latency_ms=71.82432"
ofa="--space ofa-mbv3 --table $data/ofa_mbv3.csv.gz --objective top1:max --fit top1 --fit i7_8700k_latency_ms"
i7="--objective i7_8700k_latency_ms:min --ideal top1=22.423141 --reference top1=24.604889 --ideal i7_8700k_latency_ms=6.765468 --reference i7_8700k_latency_ms=21.748785"
