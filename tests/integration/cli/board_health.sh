#!/usr/bin/env bash
# A shared master, a worker with a board that drifts in the middle of a search, and a person: what was measured since the last good canary is measured again, the board rests and
# comes back, the search ends with all it wanted; drain and release; kill -9 of the worker, which remembers. The canary of the table board is a number in a file.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

export SONATA_SERVER=ipc://$work/clients.sock
put() { echo "$1" > canary.next && mv canary.next canary; }
put 100
sonata-master --state master --worker-endpoint "ipc://$work/workers.sock" --client-endpoint "$SONATA_SERVER" > master.log 2>&1 &
worker() {
  sonata-worker --master "ipc://$work/workers.sock" --state worker --name w --board \
    "one:table:table.csv,acc=acc,lat=lat,type=toy,delay=150ms,canary=20ms,canary.file=$work/canary,canary.interval=2s,cool_down=100ms,backoff=1s" \
    --board "two:table:table.csv,acc=acc,lat=lat,type=plain,canary=functional,canary.interval=1s" > worker.log 2>&1 &
  pid=$!
}
worker

wait_for "one  *toy .* ready " sonata boards
wait_for "two  *plain .* answered " sonata boards # a canary that is not timed
wait_for "20 canaries, reference 100.000 us" sonata board one history
cat > search.yaml <<END
name: drift
space: ./space.yaml
objectives:
  - {metric: acc, board: toy, goal: max}
  - {metric: lat, board: toy, goal: min}
algorithm: {name: random, population: 8}
budget: {evaluations: 40}
evaluation: {tier: search}
seed: 2
END
expect 0 "drift" sonata submit search.yaml
wait_for "drift .* [1-9][0-9]*/40" sonata list
put 120
wait_for "quarantined" sonata board one history
expect 0 "+20.0 %" sonata board one history
put 101
wait_for "probation" sonata board one history
wait_for "drift .* done" sonata list
grep -q "results of a board are taken back.*board=one.*attempts_to_look_at=[1-9]" master.log || fail "no results were taken back: $(grep board=one master.log | tail -n 3)"
expect 0 "40/40" sonata list

expect 0 "" sonata board one drain
wait_for "one .* maintenance" sonata boards
kill -9 $pid
wait $pid 2> /dev/null
worker
wait_for "one .* maintenance" sonata boards
expect 0 "" sonata board one release
wait_for "one .* ready " sonata boards
wait_for "3 canaries" sonata board one history
expect 0 "" sonata board one recalibrate
wait_for "two  *plain .* answered " sonata boards # a canary that is not timed
wait_for "20 canaries, reference 101.000 us" sonata board one history
echo "passed: $checks checks"
