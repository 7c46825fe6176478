#!/usr/bin/env bash
# The user's program fails: the search stops at once, says why with the program's own last lines wherever one looks, blames no board, and goes on with the
# mended program: in `sonata run`, and at a master whose worker is never restarted; programs that are started once, and once for each architecture.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
PYTHONPATH=$(cd "${2:?usage: failing.sh BIN_FOLDER PYTHON_FOLDER}" && pwd)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1

cat > my.py <<'P'
import sonata, score

@sonata.evaluator(metrics=["accuracy", "latency"])
class Mine:
    def evaluate(self, genes, context):
        return {"accuracy": score.of(genes), "latency": 1 + genes["a"]}
P
cat > shot.py <<'P'
import sys, score
genes = dict(word.split("=") for word in sys.argv[1].split())
print('SONATA-RESULT {"metrics": {"accuracy": %f}}' % score.of({"b": int(genes["b"])}))
P
broken='def of(genes): return 1 / (genes["b"] - genes["b"])'
whole='def of(genes): return 50 + genes["b"]'

own_file() { # own_file NAME SEED OBJECTIVES [BOARD]
  cat <<S
name: $1
space: ./space.yaml
objectives: [$3]
algorithm: {name: random}
budget: {evaluations: ${budget:-40}}
seed: $2
S
  [ -z "${4:-}" ] || printf 'boards: ["gpu:%s"]\n' "$4"
}
two="{metric: accuracy, goal: max}, {metric: latency, board: gpu, goal: min}"
number() { grep -o "\"$1\":[[:space:]]*[0-9]*" | head -1 | grep -o '[0-9]*$'; }
not_blamed() {
  if grep -h "board quarantined\|maintenance" "$@"; then fail "the board is blamed"; fi
}

# sonata run: exit 1 within seconds, the traceback on the screen; the same command goes on with the mended program
echo "$broken" > score.py
own_file own 3 "$two" "evaluator,command=python3 -m sonata serve my.py" > own.yaml
SECONDS=0
expect 1 "evaluator fails: bug: evaluator: ZeroDivisionError: division by zero (score.py:1)" sonata run own.yaml
[ "$SECONDS" -le 15 ] || fail "it took $SECONDS s to say so"
grep -q '^  |   File ".*my.py", line 6, in evaluate' <<< "$out" || fail "no traceback: $out"
# shellcheck disable=SC2016 # the words of the message
grep -q 'mend it and `sonata resume own`' <<< "$out" || fail "not what to do: $out"
expect 0 '| ZeroDivisionError: division by zero' sonata show --state own.sonata
[ "$(sonata show --state own.sonata --json | number evaluations)" -le 8 ] || fail "the budget is burnt"
contains own.sonata/report.html "ZeroDivisionError: division by zero"
not_blamed own.sonata/*.log
expect 1 "paused" sonata run own.yaml # nothing was mended
echo "$whole" > score.py
expect 0 "40 evaluations" sonata run own.yaml
expect 0 " 0 failed" sonata show --state own.sonata
not_blamed own.sonata/*.log

# one that is started for each architecture, by its own exit code
echo "$broken" > score.py
budget=20 own_file shot 4 "{metric: accuracy, board: gpu, goal: max}" "command,tool=custom,offers=accuracy,command=python3 $work/shot.py {genotype}" > shot.yaml
expect 1 "evaluator fails: bug: custom: exit code 1: ZeroDivisionError: division by zero" sonata run shot.yaml
grep -q '^  |   File ".*shot.py", line 3' <<< "$out" || fail "no traceback: $out"
not_blamed shot.sonata/*.log
echo "$whole" > score.py
expect 0 "20 evaluations" sonata run shot.yaml
expect 0 " 0 failed" sonata show --state shot.sonata

# at a master: neither master nor worker is restarted; a module that the program loads was changed, which only `resume` can know of
echo "$broken" > score.py
start_master
expect 0 "key of pi" as m/admin.key keys new pi --role worker
sonata-worker --master "$worker_port" --key pi.key --state w --name w --board "gpu:evaluator,command=python3 -m sonata serve my.py" > w.log 2>&1 &
worker=$!
wait_for "gpu" as m/admin.key boards
own_file far 5 "$two" > far.yaml
expect 0 "search 1" as m/admin.key submit far.yaml
expect 1 "evaluator fails: bug" as m/admin.key watch 1
expect 0 "evaluator fails: bug" as m/admin.key list
expect 0 "File \"$work/my.py\", line 6" as m/admin.key show 1
expect 0 "evaluator fails: bug" as m/admin.key status
as m/admin.key show 1 --json > show.json
python3 - <<'P' || fail "JSON: $(cat show.json)"
import json
s = json.load(open("show.json"))
f = s["failure"]
assert s["hold"] == "evaluator" and s["state"] == "paused"
assert f["output"].endswith("ZeroDivisionError: division by zero") and f["in_a_row"] >= 5 and f["board"] == "gpu"
P
restart_master # it is all in the store
expect 0 "evaluator fails: bug" as m/admin.key show 1
echo "$whole" > score.py
expect 0 "search 1 (far): running" as m/admin.key resume far
expect 0 "" as m/admin.key watch 1
expect 0 " 0 failed" as m/admin.key show 1
kill -0 "$worker" || fail "the worker ended"
not_blamed m.log w.log
echo "$checks checks"
