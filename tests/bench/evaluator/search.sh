#!/usr/bin/env bash
# What a search over an evaluator that does nothing costs an evaluation: search.sh BIN_FOLDER SOURCE_FOLDER [EVALUATIONS]
set -euo pipefail
bin=$(cd "${1:?usage: search.sh BIN_FOLDER SOURCE_FOLDER [EVALUATIONS]}" && pwd)
source=$(cd "${2:?usage: search.sh BIN_FOLDER SOURCE_FOLDER [EVALUATIONS]}" && pwd)
n=${3:-1000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PYTHONPATH=$source/deploy/python
{ echo 'name: wide'; echo 'genes:'; for g in a b c d e f; do echo "  - {name: $g, ordinal: true, choices: [1, 2, 3, 4, 5, 6, 7, 8]}"; done; } > space.yaml
run() { # run EVALUATIONS: milliseconds
  cat > s.yaml <<S
name: s$1
space: ./space.yaml
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: gpu, goal: min}
algorithm: {name: random}
budget: {evaluations: $1}
boards: ["gpu:evaluator,command=python3 -m sonata serve $source/tests/bench/evaluator/nothing.py"]
seed: 1
S
  local begin
  begin=$(date +%s%N)
  "$bin/sonata" run s.yaml --state "state$1" > "run$1.out" 2>&1 || { cat "run$1.out"; exit 1; }
  echo $((($(date +%s%N) - begin) / 1000000))
}
few=$(run 20)
many=$(run $((n + 20)))
awk "BEGIN { printf \"%d evaluations: %.2f ms each, start and end taken off (bar: 2 ms)\n\", $n, ($many - $few) / $n }"
