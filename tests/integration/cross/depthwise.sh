#!/usr/bin/env bash
# The own depthwise kernels as compiled for NEON, against the plain C reference: the unit test, on arm64. depthwise.sh SOURCE_FOLDER CROSS_BUILD_FOLDER
set -u
source=${1:?} cross=${2:?}
. "$(dirname "$0")/common.sh"
test=$cross/tests/unit/runtime/test_runtime_depthwise
need_cross "$test"
# The inner loops must be vectors: multiply-adds on four floats at a time.
object=$cross/worker/runtime/CMakeFiles/sonata_runtime.dir/depthwise.c.o
aarch64-linux-gnu-objdump -d "$object" | grep -qE 'fmla\s+v[0-9]+\.4s' || { echo "FAILED: no NEON multiply-add in $object"; exit 1; }
on_board "$test"
