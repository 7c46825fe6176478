#!/usr/bin/env bash
# `boards:` of a search file as mappings: several metrics, commas in a command, bounds that hold; files beside the search file, from wherever it is checked.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# what it was given, and two metrics of its own; a = 4 never ends
cat > evaluate.sh <<'P'
#!/bin/sh
# evaluate.sh FOLDER SIZES GENOTYPE
{ echo "nice $(nice)"; echo "data $(ulimit -d)"; echo "sizes $2"; } > "$1/bounds"
case " $3 " in *" a=4 "*) sleep 60 & wait ;; esac
echo "SONATA-RESULT {\"metrics\": {\"accuracy\": 70, \"size\": $(echo "$3" | cksum | cut -c1-3)}}"
P
chmod +x evaluate.sh
cat > lab.yaml <<S
name: lab
space: ./space.yaml
objectives:
  - {metric: accuracy, goal: max}
  - {metric: size, board: lab, goal: min}
algorithm: {name: random}
budget: {evaluations: 20}
boards:
  - id: lab-1
    type: lab
    backend: command
    command: "$work/evaluate.sh $work 1,2 {genotype}"
    offers: [accuracy, size]
    memory: 300Mi
    limit: 1s
    nice: 7
seed: 3
S
expect 0 "lab-1:command" sonata check lab.yaml
expect 0 "20 evaluations" sonata run lab.yaml
contains bounds "nice 7"
grep -Eq "^data 3[0-9]{5}$" bounds || fail "memory of 300Mi is not there: $(cat bounds)"
contains bounds "sizes 1,2"
contains lab.sonata/all.csv "limit"
if ps -eo args | grep -q "^sleep 60$"; then fail "what was over its limit is left behind"; fi

# a program that is not timed and whose board says nothing has no bounds of a measurement
sed -e '/memory:/d' -e '/nice:/d' -e 's/name: lab/name: free/' lab.yaml > free.yaml
expect 0 "20 evaluations" sonata run free.yaml
contains bounds "nice 0"
contains bounds "data unlimited"

# FILE is beside the search file, for check as for run, as a text and as a mapping
mkdir -p folder && cp table.csv space.yaml folder
search_file text 20 | sed 's/^boards:.*/boards: ["bench:table:table.csv,accuracy=acc,latency=lat"]/' > folder/text.yaml
search_file map 20 | sed 's/^boards:.*/boards: [{id: bench, backend: table, file: table.csv, metrics: [{name: accuracy, column: acc}, {name: latency, column: lat}]}]/' > folder/map.yaml
mv table.csv elsewhere.csv
for form in text map; do
  expect 0 "bench:table" sonata check "folder/$form.yaml"
  expect 0 "20 evaluations" sonata run "folder/$form.yaml"
done
sed 's/id: bench, /id: bench, dealy: 1s, /' folder/map.yaml > folder/wrong.yaml
expect 2 "dealy" sonata check folder/wrong.yaml
