#!/usr/bin/env bash
# An evaluator in Python that is started once: its metrics are those of its handshake, an exception is the program's and told with its place, it is started anew
# when it was killed, and nothing of it is left. `python3 -m sonata check` tries the same file alone.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
export PYTHONPATH="${2:?usage: evaluator.sh BIN_FOLDER PYTHON_FOLDER}"

cat > my.py <<'P'
import os, time
import sonata

@sonata.evaluator(metrics=["accuracy", "latency"])
class Mine:
    def setup(self, context):
        with open(os.environ["STARTS"], "a") as f:
            f.write("%d\n" % os.getpid())

    def evaluate(self, genes, context):
        print("to the log, not to the protocol")
        context.progress(0.5)
        time.sleep(0.05)
        if genes["d"] == "grey":
            raise sonata.Infeasible("grey does not fit")
        if genes["a"] == 4:
            raise ZeroDivisionError("a is four")
        return {"accuracy": 60 + 5 * genes["a"] + 3 * genes["b"], "latency": 1 + genes["a"] * genes["c"]}
P
export STARTS="$work/starts"

expect 1 "ZeroDivisionError: a is four" python3 -m sonata check my.py --space space.yaml -n 60
expect 0 "1 of 1 evaluated" python3 -m sonata check my.py --space space.yaml -n 1
: > starts

cat > own.yaml <<'S'
name: own
space: ./space.yaml
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: gpu, goal: min}
algorithm: {name: random}
budget: {evaluations: 60}
boards: ["gpu:evaluator,slots=2,command=python3 -m sonata serve my.py"]
seed: 3
S
sonata run own.yaml --state own > run.out 2>&1 &
run=$!
wait_for . cat starts
sleep 1.5
kill -9 "$(head -1 starts)"
wait "$run" || fail "the search failed: $(tail -3 run.out)"
[ "$(wc -l < starts)" = 3 ] || fail "started $(wc -l < starts) times, not once for each slot and once more"
if grep "the evaluator ended" own/all.csv; then fail "a candidate is blamed for what was killed"; fi
contains own/all.csv gpu-1
contains own/all.csv gpu-2
awk -F, 'NR > 1 && $(NF-13) == 4 { bad = 1 } END { exit bad }' own/front.csv || fail "what failed is on the front"
contains own/all.csv "grey does not fit"
contains own/worker.log "ZeroDivisionError: a is four (my.py:"
if grep -h "board quarantined" own/*.log; then fail "the board is blamed"; fi
while read -r pid; do
  [ ! -d "/proc/$pid" ] || fail "the evaluator is left behind"
done < starts
echo "$checks checks"
