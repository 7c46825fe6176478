#!/usr/bin/env bash
# What every command prints with --json fits docs/sonata-json.schema.json, and the choosing commands: list with filters, front with conditions and knee.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
export HOME=$work
tried=

fits() { # fits NAME_IN_SCHEMA EXIT_CODE ARGUMENT…: `sonata ARGUMENT… --json`. Output stays in out.json.
  local name=$1 code=$2 got
  shift 2
  sonata "$@" --json > out.json 2> err.txt
  got=$?
  [ "$got" = "$code" ] || fail "'sonata $* --json' ended with $got, expected $code: $(cat err.txt)"
  out=$(python3 "$here/fits_schema.py" "$name" < out.json 2>&1) || fail "'sonata $* --json': $out; it printed: $(head -c 3000 out.json)"
  tried+="$name"$'\n'
  checks=$((checks + 1))
}

# A run with a constraint that is measured, and broken by some.
cat > space.yaml <<'S'
name: four
genes:
  - {name: a, ordinal: true, choices: [1, 2, 3, 4]}
  - {name: b, ordinal: true, choices: [1, 2, 3, 4]}
  - {name: c, ordinal: true, choices: [1, 2, 3, 4], when: {gene: a, in: [2, 3]}}
  - {name: d, choices: [red, green, blue, grey]}
S
search_file first 60 "constraints: [{metric: latency, board: bench, max: 5}]" | sed 's/nsga2/sonata/; s/, options:.*\]}/}/' > first.yaml
fits run 0 run first.yaml
fits check 0 check first.yaml space.yaml
sed 's/goal: max/goal: maximum/' first.yaml > wrong.yaml
fits check 2 check wrong.yaml
run="--state first.sonata"
# shellcheck disable=SC2086 # two words on purpose
{
  fits list 0 list $run
  fits show 0 show $run
  fits "show --individual" 0 show $run -i 3
  fits "show --importance" 0 show $run --importance
  fits front 0 front $run
  fits boards 0 boards $run
  fits watch 0 watch --once $run
  fits replay 0 replay $run
  fits extend 0 extend 1 10 $run
  fits pause 0 pause $run
  fits resume 0 resume $run
  fits priority 0 priority 1 5 $run
  fits cancel 0 cancel $run
  sonata export $run --all > out.json
  python3 "$here/fits_schema.py" export < out.json || fail "export does not fit"
  tried+=$'export\n'
}
fits --version 0 --version

# Violations are told: in JSON, CSV and the report, which has no column twice.
sonata export --state first.sonata --all -f csv > all.csv
python3 - <<'P' || fail "violations are not told"
import csv, json
rows = list(csv.DictReader(open("all.csv")))
broken = [r for r in rows if r["state"] == "done" and float(r["latency@bench"]) > 5]
assert broken and all(float(r["violation"]) > 0 for r in broken), broken[:2]
kept = [r for r in rows if r["state"] == "done" and float(r["latency@bench"]) <= 5]
assert kept and all(float(r["violation"]) == 0 for r in kept), kept[:2]
assert any(r["parents"] for r in rows) and all(r["measured"].endswith("Z") for r in kept)
by_id = {i["id"]: i for i in json.load(open("out.json" if False else "first.sonata/front.json"))["individuals"]}
assert all(i["violation"] == 0 for i in by_id.values())
page = open("first.sonata/report.html").read()
data = json.loads(page.split('id="data">', 1)[1].split("</script>", 1)[0])
assert data["constraints"] == [], data["constraints"]
states = {p["i"]: p["s"] for p in data["points"]}
assert all(states[int(r["id"])] == "violates" for r in broken)
P

# Choosing from the front.
points() { python3 -c 'import json; print(len(json.load(open("out.json"))["individuals"]))'; }
fits front 0 front --state first.sonata
all=$(points)
fits front 0 front --state first.sonata --where 'latency@bench<3' --where 'accuracy>0'
few=$(points)
{ [ "$few" -ge 1 ] && [ "$few" -lt "$all" ]; } || fail "--where left $few of $all points"
python3 -c 'import json; assert all(i["metrics"]["latency@bench"]["value"] < 3 for i in json.load(open("out.json"))["individuals"])' || fail "--where let a slow point through"
fits front 0 front --state first.sonata --where d=red --where 'a<=2'
python3 -c 'import json; assert all(i["genes"]["d"] == "red" and i["genes"]["a"] <= 2 for i in json.load(open("out.json"))["individuals"])' || fail "--where of genes"
fits front 0 front --state first.sonata --knee
[ "$(points)" = 1 ] || fail "there is one knee"
expect 2 "no point has 'latence'" sonata front --state first.sonata --where 'latence<3'
expect 2 "expected for instance" sonata front --state first.sonata --where 'latency@bench'
expect 2 "expected a number" sonata front --state first.sonata --where 'accuracy>high'
expect 0 "no point of the front is like that" sonata front --state first.sonata --where 'accuracy>1000'

# A state folder runs one search.
expect 2 "a state folder runs one search" sonata fork first --state first.sonata
# `check` looks at the boards, too.
sed 's/table.csv/nowhere.csv/' first.yaml > missing.yaml
expect 2 "nowhere.csv" sonata check missing.yaml
sed 's/accuracy=acc/accuracy=accuracies/' first.yaml > column.yaml
expect 2 "accuracies" sonata check column.yaml
# A space without networks has nothing to count.
search_file counted 30 "constraints: [{metric: params, max: 200k}]" > counted.yaml
expect 0 "params <= 200000  (measured)" sonata check counted.yaml

# nohup: a hang-up does not end it.
delay=20ms search_file second 100 > second.yaml
nohup sonata run second.yaml > nohup.out 2>&1 &
second=$!
wait_for '"evaluations":	[1-9]' sonata list --state second.sonata --json
kill -HUP "$second"
wait "$second" || fail "a run under nohup ended by SIGHUP: $(cat nohup.out)"

# A master with keys.
start_master --backup-dir backups
export SONATA_KEY=m/admin.key
fits "teams set" 0 teams set vision
fits "teams list" 0 teams
fits "keys new" 0 keys new alice --team vision
fits "keys list" 0 keys list
search_file third 30 > third.yaml
fits submit 0 submit third.yaml --key alice.key
out=$(sonata submit third.yaml --key alice.key 2> /dev/null)
case $out in *"note: "*"board"*) checks=$((checks + 1)) ;; *) fail "submit should say that no board is there: $out" ;; esac
fits fork 0 fork 1
fits list 0 list
fits audit 0 audit
fits "token new" 0 token new --read --search 1 --expires 90d
fits "token link" 0 token link --url http://127.0.0.1:7180
fits "token list" 0 token list
fits "token revoke" 0 token revoke "$(python3 -c 'import json; print(json.load(open("out.json"))[0]["id"])')"
fits "uploads list" 0 uploads
fits "uploads prune" 0 uploads prune
fits "keys revoke" 0 keys revoke alice
expect 0 "key of" sonata keys new alice2 --team vision
expect 0 "third" sonata list --in-state unfinished --team vision --since 1h
expect 0 "no search is like that" sonata list --in-state done
expect 0 "no search is like that" sonata list --team audio

# A worker comes; the searches run, fail, and are tried again.
expect 0 "key of" sonata keys new pi --role worker
sonata-worker --name pi --master "$worker_port" --key pi.key --board "bench:table:table.csv,accuracy=acc,latency=lat,type=bench" --state w > w.log 2>&1 &
worker=$!
wait_for '"state":	"ready"' sonata boards --json
fits boards 0 boards
fits "board history" 0 board bench history
fits board 0 board bench drain --reason test
fits "board history" 0 board bench history
fits board 0 board bench release
wait_for '"state":	"done"' sonata list --json
fits retry 0 retry 1 --cause all
fits status 0 status
fits show 0 show 1
fits compare 0 compare 1 2
fits farm-report 0 farm-report --week
expect 0 "could measure" sonata farm-report
sonata farm-report --week -o farm.html && grep -q "prefers-color-scheme" farm.html || fail "no page of the farm"
expect 0 "of the box" sonata compare 1 2 -o compared.html
grep -q "prefers-color-scheme" compared.html || fail "no page of the comparison"
fits backup 0 backup
kill "$worker"
wait "$worker"
wait_for '"state":	"offline"' sonata boards --json
fits status 0 status
python3 - <<'P' || fail "the page of the master lacks something: $(cat out.json)"
import json
page = json.load(open("out.json"))
assert page["master"]["server"].startswith("sonata-master ") and page["master"]["disk_size"] > 0 and page["master"]["store_bytes"] > 0
assert page["master"]["backup"], "there was a backup"
assert page["boards"] == 1 and page["boards_ready"] == 0
away = page["boards_away"][0]
assert away["board"]["id"] == "bench" and away["since"] and away["last"], away
assert away["board"]["software"].startswith("sonata-worker "), away
assert [t["name"] for t in page["teams"]] == ["vision"]
P
expect 0 "0 of 1 boards work; these do not" sonata status
expect 0 "no search ended badly" sonata status
expect 0 "0 of 1 boards work" sonata status --key alice2.key
fits "keys release" 0 keys release pi

left=$(grep -vxF "$tried" <(python3 "$here/fits_schema.py" --commands) | grep -vxE 'uploads remove|measure')
[ -z "$left" ] || fail "these are in the schema and were not tried: $left"
kill "$master"
echo "$checks checks"
