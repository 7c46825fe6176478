#!/usr/bin/env bash
# Builds the arm64 worker and what it is tried with. build.sh SOURCE_FOLDER CROSS_BUILD_FOLDER
set -u
source=${1:?} cross=${2:?}
for tool in mmdebstrap aarch64-linux-gnu-gcc qemu-aarch64-static; do
  command -v $tool > /dev/null || { echo "skipped: $tool is not installed (deploy/install-deps.sh cross)"; exit 77; }
done
"$source/deploy/cross/sysroot.sh" arm64 || { echo "skipped: no sysroot (is the package archive in reach?)"; exit 77; }
"$source/deploy/cross/build.sh" arm64 "$cross" sonata-worker sonata_manuals test_runtime_depthwise cross_logits || exit 1
file=$(od -An -tx1 -j18 -N2 "$cross/bin/sonata-worker" | tr -d ' ')
[ "$file" = b700 ] || { echo "FAILED: sonata-worker is not a program for AArch64 (ELF machine $file)"; exit 1; }
"$source/deploy/cross/run.sh" arm64 "$cross/bin/sonata-worker" --version
