#!/usr/bin/env bash
# Weights as PyTorch saved them, imported, and a search that times sub-networks of theirs on this machine without any data.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
golden=$(cd "$(dirname "$0")/../../golden/elastic" && pwd)
for program in sonata-supernet sonata-worker; do
  [ -x "$bin/$program" ] || { echo "$program is not built"; exit 77; }
done
expect 0 "tensors" sonata supernet import "$golden/mbv3.pth" --space "$golden/mbv3.yaml" -o mbv3.safetensors --licence "made for tests"
grep -aq 'made for tests' mbv3.safetensors || fail "the licence is not in the file"
expect 1 "do not fit the space" sonata supernet import "$golden/mbv3.pth" --space "$golden/resnet.yaml" -o other.safetensors
[ ! -e other.safetensors ] || fail "a file was written though nothing fits"
head -c 5000 "$golden/mbv3.pth" > cut.pth
expect 1 "cut.pth" sonata supernet import cut.pth
cat > timed.yaml <<S
name: timed
space: $golden/mbv3.yaml
objectives:
  - {metric: latency, board: host, goal: min}
  - {metric: params, goal: max}
algorithm: {name: nsga2, population: 8}
budget: {evaluations: 20, wall: 3m}
evaluation: {tier: screen, supernet: ./mbv3.safetensors}
seed: 5
S
expect 0 "timed without data" sonata check timed.yaml
expect 0 "results in timed.sonata" sonata run timed.yaml
[ "$(wc -l < timed.sonata/front.csv)" -ge 2 ] || fail "the front is empty"
id=$(sed -n 2p timed.sonata/front.csv | cut -d, -f1)
expect 0 "medians, ms" sonata show --state timed.sonata --individual "$id"
sed -i 's/metric: params, goal: max/metric: accuracy, goal: max/' timed.yaml
expect 2 "needs data" sonata check timed.yaml
echo "$checks checks passed"
