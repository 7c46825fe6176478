#!/usr/bin/env bash
# One search against a table from file to report, and every command that reads it.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# init and check
expect 0 "search.yaml written" sonata init
expect 5 "is not overwritten" sonata init
expect 0 "table:" sonata init --table -
search_file first 60 > first.yaml
expect 0 "256 architectures" sonata check first.yaml space.yaml
expect 0 '"valid":	true' sonata check --json first.yaml
sed 's/goal: max/goal: maximum/' first.yaml > wrong.yaml
expect 2 "wrong.yaml:4: objectives[0].goal: 'maximum' is here; expected one of min|max" sonata check wrong.yaml
expect 2 "wrong.yaml:4:" sonata run wrong.yaml
expect 3 "no such file" sonata run none.yaml
expect 2 "did you mean 'list'" sonata lst
expect 2 "unknown or ambiguous option '--bogus'" sonata list --bogus
expect 2 "an argument is missing" sonata submit
expect 4 "no master answers" sonata list --server "ipc://$work/none" --patience 300ms

# a board that cannot start is refused with the worker's own words, before anything runs
expect 2 "nope.csv" sonata run first.yaml --board "bench:table:nope.csv,accuracy=acc,latency=lat"
expect 2 "latencies" sonata run first.yaml --board "bench:table:table.csv,accuracy=acc,latency=latencies"
[ ! -e first.sonata/master ] || fail "a refused run left a store"

# the run
expect 0 "60 evaluations" sonata run first.yaml
for file in front.csv front.json all.csv report.html; do
  [ -s "first.sonata/$file" ] || fail "$file is missing"
done
[ "$(wc -l < first.sonata/all.csv)" = 61 ] || fail "all.csv should have 61 lines"
[ "$(cut -d, -f16-19 first.sonata/all.csv | sort -u | wc -l)" -ge 2 ] || fail "all.csv has no genes"
contains first.sonata/front.csv "id,state,front,accuracy,accuracy_low"
contains first.sonata/report.html 'id="front-table"'
contains first.sonata/report.html "Fingerprint of bench"

# every point of the front is in the table, and no row of the table that was measured dominates it
awk -F, 'NR == FNR { if (FNR > 1) { acc[FNR] = $4 + 0; lat[FNR] = $8 + 0; n = FNR } next }
         FNR > 1 { for (i = 2; i <= n; i++) if (acc[i] >= $4 && lat[i] <= $8 && (acc[i] > $4 || lat[i] < $8)) { print "dominated: " $0; bad = 1 } }
         END { exit bad }' first.sonata/all.csv first.sonata/front.csv || fail "the front is not a front"
awk -F, 'NR == FNR { seen[$1 "," $2 "," $3 "," $4] = ($5 + 0) "," ($6 + 0); next }
         FNR > 1 { key = $(NF-13) "," $(NF-12) "," $(NF-11) "," $(NF-10); if (seen[key] != ($4 + 0) "," ($8 + 0)) { print "not the table: " $0; bad = 1 } }
         END { exit bad }' table.csv first.sonata/all.csv || fail "values differ from the table"

# the readers
state="--state first.sonata"
# shellcheck disable=SC2086 # two words on purpose
{
  expect 0 "first  done" sonata list $state
  expect 0 '"evaluations":	60' sonata list $state --json
  expect 0 "60 of 60" sonata show $state
  expect 0 "60 of 60" sonata show first $state
  expect 0 "bred by init" sonata show $state --individual 0
  expect 0 "attempt 1 on bench (bench)" sonata show $state --individual 0
  expect 0 "instrument   backend table" sonata show $state --individual 0
  expect 0 '"verdict":	"valid"' sonata show $state --individual 0 --json
  expect 3 "has no individual 999" sonata show $state --individual 999
  expect 3 "no search 'other'; there are: 1 (first)" sonata show other $state
  expect 0 "no model yet" sonata show --importance $state
  expect 0 "architecture" sonata front $state
  expect 0 '"front":	true' sonata front --json $state
  expect 0 "60/60 evaluations" sonata watch --once $state
  expect 0 "bench" sonata boards $state
  expect 0 "individuals:" sonata export -f yaml $state
  expect 0 "id,state,front" sonata export -f csv --all $state
  expect 1 "no supernet" sonata export -f onnx $state
  expect 0 "other.html written" sonata report -o other.html $state
  expect 5 "" sonata resume 1 $state
  expect 0 "running, 60/70" sonata extend first 10 $state
  expect 0 "paused" sonata pause 1 $state
  expect 0 "running" sonata resume 1 $state
}
expect 3 "is not a state folder" sonata list --state nowhere

# the extended search is finished by the same command; a larger budget in the file extends, a changed setting does not
expect 0 "70 evaluations" sonata run first.yaml
search_file first 80 > first.yaml
expect 0 "80 evaluations" sonata run first.yaml
search_file first 80 | sed 's/seed: 3/seed: 4/' > first.yaml
expect 5 "seed 3 → 4" sonata run first.yaml
expect 0 "the old state is now first.sonata.1" sonata run first.yaml --fresh
[ -s first.sonata.1/front.csv ] || fail "--fresh lost the old state"
expect 0 '"individuals"' sonata run first.yaml --json

# a metric nobody supplies is an error that says what there is
search_file second 20 | sed 's/metric: latency/metric: energy/' > second.yaml
expect 2 "no board supplies 'energy' on a board of type bench" timeout 60 sonata run second.yaml

# a state folder whose path is too long for a socket address
deep=$work/$(printf 'x%.0s' $(seq 1 60))/$(printf 'y%.0s' $(seq 1 60))
mkdir -p "$deep"
search_file third 20 > third.yaml
expect 0 "20 evaluations" sonata run third.yaml --state "$deep/state"

echo "$checks checks passed"
