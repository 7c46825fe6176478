#!/usr/bin/env bash
# measure.sh BIN: `sonata measure` on small files: tables, JSON, layers, values in and out, limits and errors with their exit codes.
set -eu
bin=$1
corpus=$(cd "$(dirname "$0")/../../fuzz/corpus/onnx" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
fail() { echo "measure.sh: $1"; exit 1; }
expect() { # CODE PATTERN COMMAND...
  local code=0 want=$1 pattern=$2
  shift 2
  "$@" >"$out/text" 2>&1 || code=$?
  [ "$code" = "$want" ] || { cat "$out/text"; fail "$* ended with $code, not $want"; }
  grep -q -- "$pattern" "$out/text" || { cat "$out/text"; fail "$*: no '$pattern'"; }
}
sonata=$bin/sonata
expect 0 'engine  *1 ' "$sonata" measure --tier screen "$corpus/conv"
expect 0 'engine  *2 ' "$sonata" measure --tier screen -t 1,2 -x engine,ref "$corpus/conv" "$corpus/pools"
[ "$(grep -c ' ref ' "$out/text")" = 4 ] || fail "two files, two executors and two numbers of threads are eight rows"
expect 0 'Conv  *xnnpack' "$sonata" measure --once --layers "$corpus/conv"

# the same values in both executors
"$sonata" measure --once -o "$out/a.npy" "$corpus/conv"
"$sonata" measure --once -x ref -o y="$out/b.npy" "$corpus/conv"
python3 - "$out/a.npy" "$out/b.npy" <<'PY'
import array, sys
def read(path):
    data = open(path, "rb").read()
    assert data[:6] == b"\x93NUMPY" and b"(1, 2, 2, 2,)" in data
    v = array.array("f")
    v.frombytes(data[10 + data[8] + 256 * data[9]:])
    return v
a, b = read(sys.argv[1]), read(sys.argv[2])
assert len(a) == len(b) == 8 and any(a), (a, b)
assert max(abs(x - y) for x, y in zip(a, b)) < 1e-4, (a, b)
PY
# what was written goes in again: wrong in number, wrong in name
expect 2 'but input .x. is floats 1x2x4x4' "$sonata" measure --once -i "$out/a.npy" "$corpus/conv"
expect 3 'no input or output .z.; there are: x' "$sonata" measure --once -i z="$out/a.npy" "$corpus/conv"

"$sonata" measure --tier screen --json --layers "$corpus/head" >"$out/json"
python3 - "$out/json" <<'PY'
import json, sys
row, = json.load(open(sys.argv[1]))
assert row["executor"] == "engine" and row["inputs"][0]["shape"] == [1, 2, 4, 4] and row["outputs"][0]["shape"] == [1, 3]
assert 0 < row["latency_ms"]["low"] <= row["latency_ms"]["median"] <= row["latency_ms"]["high"]
assert any(l["operator"] == "Gemm" and l["us"] > 0 for l in row["layers"])
PY
expect 1 'engine' "$sonata" measure --tier screen --max latency=0.00001ms "$corpus/conv"
expect 0 'engine' "$sonata" measure --tier screen --max latency=10s "$corpus/conv"
expect 2 'latency=TIME' "$sonata" measure --max 5ms "$corpus/conv"
expect 2 'numbers from 1 to 64' "$sonata" measure -t 0 "$corpus/conv"
expect 3 'No such file' "$sonata" measure "$out/nothing.onnx"
expect 3 "library is not here" "$sonata" measure -x onnxruntime --library "$out/no.so" "$corpus/conv"
head -c 100 "$corpus/conv" >"$out/cut.onnx"
"$sonata" measure --once "$out/cut.onnx" >"$out/text" 2>&1 && fail "half a file is no model"
grep -q "cut.onnx: damaged" "$out/text" || { cat "$out/text"; fail "half a file: what is wrong with it is not said"; }
echo "measure: tables, JSON, layers, values, limits and errors"
