#!/usr/bin/env bash
# A search measured on this machine: a supernet is trained for a moment, twenty of its networks are measured, the front becomes ONNX files.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
for program in sonata-supernet sonata-worker; do
  [ -x "$bin/$program" ] || { echo "$program is not built"; exit 77; }
done
[ -d /usr/share/datasets/fashion-mnist ] || [ -n "${SONATA_DATASETS:-}" ] || [ -d /usr/share/datasets ] || { echo "no data set"; exit 77; }
export OPENBLAS_NUM_THREADS=1
sonata supernet train --epochs 1 --pictures 1500 --validation 200 --random 1 net.safetensors > train.out 2>&1 || fail "training: $(tail -n 3 train.out)"

cat > engine.yaml <<'S'
name: engine
space: fmnist-mbconv
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: host, goal: min}
constraints:
  - {metric: params, max: 60k}
algorithm: {name: nsga2, population: 8}
budget: {evaluations: 20, wall: 3m}
evaluation: {tier: screen, dataset: fashion-mnist, supernet: ./net.safetensors}
seed: 5
S
expect 0 "results in engine.sonata" sonata run engine.yaml
points=$(($(wc -l < engine.sonata/front.csv) - 1))
[ "$points" -ge 1 ] || fail "the front is empty"
[ "$(find engine.sonata/networks -name '*.onnx' | wc -l)" = "$points" ] || fail "$points points, but other networks: $(ls engine.sonata/networks)"
contains engine.sonata/report.html 'id="spread-chart"'
contains engine.sonata/report.html 'executor='
awk -F, 'NR > 1 && $1 != "" && $2 == "done" && ($4 < 0 || $4 > 100 || $8 <= 0 || $12 > 60000) { print; bad = 1 } END { exit bad }' engine.sonata/all.csv ||
  fail "values out of range, or a network above the limit of parameters was measured"
id=$(sed -n 2p engine.sonata/front.csv | cut -d, -f1)
expect 0 "medians, ms" sonata show --state engine.sonata --individual "$id"
expect 0 "networks written to again" sonata export --state engine.sonata -f onnx -o again --supernet net.safetensors
cmp -s "again/$id.onnx" "engine.sonata/networks/$id.onnx" || fail "the same network exported twice differs"
printf 'x' >> net.safetensors
expect 1 "is not the supernet this search used" sonata export --state engine.sonata -f onnx -o third --supernet net.safetensors
expect 5 "the content of supernet" sonata run engine.yaml
echo "$checks checks passed, $points points on the front"
