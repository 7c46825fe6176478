#!/usr/bin/env bash
# `sonata init --evaluator`: what it writes works as it says, with nothing but python3; nothing is overwritten. init.sh BIN_FOLDER SOURCE_FOLDER
# shellcheck source=../cli/common.sh
. "$(dirname "$0")/../cli/common.sh"
source=${2:?usage: init.sh BIN_FOLDER SOURCE_FOLDER}
export PYTHONPATH=$source/deploy/python
expect 0 "written to mine" sonata init --evaluator mine
expect 5 "is not overwritten" sonata init --evaluator mine
expect 2 "either --table or --evaluator" sonata init --evaluator --table mine
cd mine || fail "no folder"
expect 0 "3 of 3 evaluated" python3 -m sonata check evaluator.py --space space.yaml -n 3
expect 0 "120" sonata check search.yaml
sed -i 's/evaluations: 60/evaluations: 24/; s/^EPOCHS = 30/EPOCHS = 4/' search.yaml evaluator.py
expect 0 "front" sonata run search.yaml --state s
[ "$(wc -l < s/all.csv)" -ge 25 ] || fail "24 evaluations were asked for"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "accuracy") k = i; next } $k < 40 || $k > 100 { bad = 1 } END { exit bad || NR < 2 }' s/front.csv ||
  fail "the front holds no accuracies: $(cat s/front.csv)"
echo "$checks checks"
