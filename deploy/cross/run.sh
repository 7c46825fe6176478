#!/bin/sh
# Runs a cross-built program here, by user-mode emulation: run.sh arm64|armhf PROGRAM [ARGUMENT…]. To see that it works, never to time it.
# A processor without SVE, as on the boards; QEMU_CPU says another.
case "$1" in
  arm64) emulator=qemu-aarch64-static QEMU_CPU=${QEMU_CPU:-cortex-a72} ;;
  armhf) emulator=qemu-arm-static QEMU_CPU=${QEMU_CPU:-cortex-a15} ;;
  *) echo "usage: run.sh arm64|armhf PROGRAM [ARGUMENT...]" >&2; exit 2 ;;
esac
export QEMU_CPU
sysroot=$("$(dirname "$0")/sysroot.sh" --path "$1") || exit 1
shift
exec "$emulator" -L "$sysroot" "$@"
