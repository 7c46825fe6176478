#!/usr/bin/env bash
# An orderly end with attempts on boards: within 5 s for both daemons, and nothing is lost, given up or measured twice.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

export SONATA_SERVER="ipc://$work/client"

start_farm_master() {
  sonata-master --state m --security none --worker-endpoint "ipc://$work/worker" --client-endpoint "$SONATA_SERVER" >> m.log 2>&1 &
  master=$!
}

start_worker() {
  sonata-worker --master "ipc://$work/worker" --state w --name w \
    --board "one:table:table.csv,accuracy=acc,latency=lat,delay=400ms,type=bench" \
    --board "two:table:table.csv,accuracy=acc,latency=lat,delay=400ms,type=bench" >> w.log 2>&1 &
  worker=$!
}

evaluations() { sonata show 1 --json --patience 30s | sed -n 's/.*"evaluations":\t\([0-9]*\).*/\1/p' | head -n 1; }

wait_for_evaluations() { # wait_for_evaluations N
  for _ in $(seq 600); do
    [ "$(evaluations)" -ge "$1" ] && return
    sleep 0.05
  done
  fail "the search never had $1 evaluations"
}

stop() { # stop PID NAME: in order, and soon (the bound is generous on a loaded machine; systemd would wait 10 s)
  local begin=$SECONDS
  kill "$1"
  wait "$1" || fail "$2 ended with $?"
  [ $((SECONDS - begin)) -le 9 ] || fail "$2 took $((SECONDS - begin)) s to end"
  checks=$((checks + 1))
}

count() { # count DATABASE: records, by --check
  sonata-master --check --state m | sed -n "s/^$1  *\([0-9]*\)$/\1/p"
}

start_farm_master
start_worker
search_file s 60 > s.yaml
expect 0 "search 1" sonata submit s.yaml --patience 30s

# the master alone, three times: the boards measure on, and what they hold is adopted
for n in 8 16 24; do
  wait_for_evaluations "$n"
  stop "$master" "the master"
  expect 0 "no problems found" sonata-master --check --state m
  start_farm_master
done
wait_for_evaluations 32
stop "$master" "the master"
[ "$(count attempt)" -gt "$(count measurement)" ] || fail "nothing was on boards"
[ "$(count attempt)" -le $(($(count measurement) + 4)) ] || fail "$(count attempt) attempts for $(count measurement) measurements: some were given out again"
grep -q "attempt lost\|attempt failed\|given up" m.log && fail "attempts were lost: $(grep "attempt lost\|attempt failed\|given up" m.log)"
start_farm_master

# the worker: its running attempts go back at once and without blame
wait_for_evaluations 40
stop "$worker" "the worker"
grep -q "worker says goodbye" m.log || fail "the worker left without a word"
start_worker
expect 0 "" sonata watch 1 --patience 30s
expect 0 "done" sonata show 1
[ "$(evaluations)" = 60 ] || fail "$(evaluations) evaluations, not 60"
grep -q "attempt lost\|attempt failed\|given up" m.log && fail "attempts were lost: $(grep "attempt lost\|attempt failed\|given up" m.log)"
stop "$worker" "the worker"
stop "$master" "the master"
[ "$(count measurement)" -ge 60 ] || fail "only $(count measurement) measurements"
[ "$(count evaluation)" = 60 ] || fail "$(count evaluation) evaluations are stored, not 60"
expect 0 "no problems found" sonata-master --check --state m
[ ! -s w/spool ] || [ "$(wc -c < w/spool)" -lt 4096 ] || fail "results are left in the spool"
echo "$checks checks"
