#!/usr/bin/env bash
# Cross-builds the worker on a Debian 12 machine: makes the sysroot unless it is there, configures, builds.
#
#   deploy/cross/build.sh arm64|armhf [BUILD_FOLDER [TARGET…]]     default: build/arm64 and sonata-worker with its manual page
#
# The worker is BUILD_FOLDER/bin/sonata-worker. Tools: deploy/install-deps.sh build cross. To try it here: deploy/cross/run.sh arm64 PROGRAM.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
case "${1:-}" in
  arm64) compiler=aarch64-linux-gnu-gcc ;;
  armhf) compiler=arm-linux-gnueabihf-gcc ;;
  -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
arch=$1
build=${2:-$source/build/$arch}
shift $(($# > 2 ? 2 : $#))
command -v "$compiler" > /dev/null || { echo "build.sh: $compiler is missing (Debian: gcc-${compiler%-gcc})" >&2; exit 1; }
"$here/sysroot.sh" "$arch" > /dev/null
cd "$source"
configured=$(cmake --preset "$arch" -B "$build" 2>&1) || { echo "$configured" >&2; exit 1; }
ninja -C "$build" -j "${SONATA_JOBS:-$(nproc)}" "${@:-sonata-worker}"
