#!/usr/bin/env bash
# check.sh BIN ONNXRUNTIME_FOLDER [SIZE [NAME...]]: exports torchvision's networks (export.py) and compares what every executor makes of the same picture
# with PyTorch. Fails above 1e-4 of the largest logit. 77: PyTorch is not there.
set -eu
bin=$1
runtime=$2
size=${3:-96}
[ $# -lt 3 ] && shift 2 || shift 3
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3 # Debian's own, which has Debian's modules
"$python" -c 'import torch, torchvision, onnx' 2>/dev/null || { echo "python3-torch, python3-torchvision and python3-onnx are needed"; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
OMP_NUM_THREADS=1 "$python" "$here/export.py" "$out" "$size" "$@"
library=$(find "$runtime" -path '*linux/x64*' -name 'libonnxruntime.so.1' 2>/dev/null | head -n 1 || true)
for model in "$out"/*.onnx; do
  base=${model%.onnx}
  for threads in 1 2; do
    "$bin/sonata" measure --once -t "$threads" -i "$base.x.npy" -o "$base.engine$threads.npy" "$model"
  done
  "$bin/sonata" measure --once -x ref -i "$base.x.npy" -o "$base.ref.npy" "$model"
  "$bin/sonata" measure --once -x ref -b 2 "$model"
  [ -z "$library" ] || "$bin/sonata" measure --once -x onnxruntime --library "$library" -i "$base.x.npy" -o "$base.onnxruntime.npy" "$model"
done
"$python" "$here/compare.py" "$out"
