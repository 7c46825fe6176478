#!/usr/bin/env bash
# The restore drill of docs/OPERATIONS.md under load: the master is lost while boards measure, a master starts on a backup, and the results of the old
# one that wait in a worker's spool are refused when the copy does not know their attempts, and taken when it does.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

export SONATA_SERVER="ipc://$work/client"

start() { # start STATE: a master on it, at the one address
  sonata-master --state "$1" --security none --worker-endpoint "ipc://$work/worker" --client-endpoint "$SONATA_SERVER" --log-level debug >> "$1.log" 2>&1 &
  master=$!
}

lose() { # the machine of the master is gone
  kill -9 "$master"
  wait "$master" 2> /dev/null || true
}

evaluations() { sonata show "$1" --json --patience 30s | sed -n 's/.*"evaluations":\t\([0-9]*\).*/\1/p' | head -n 1; }

wait_for_evaluations() { # wait_for_evaluations SEARCH N
  for _ in $(seq 600); do
    [ "$(evaluations "$1")" -ge "$2" ] && return
    sleep 0.05
  done
  fail "search $1 never had $2 evaluations"
}

wait_for() { # wait_for LOG TEXT
  for _ in $(seq 300); do grep -sqF -- "$2" "$1" && return; sleep 0.1; done
  fail "$1 never said '$2'"
}

count() { # count DATABASE STATE: records, by --check
  sonata-master --check --state "$2" | sed -n "s/^$1  *\([0-9]*\)$/\1/p"
}

without_result() { # attempts of a state folder that have no measurement
  echo $(($(count attempt "$1") - $(count measurement "$1")))
}

verdicts() { # verdicts LOG VERDICT: attempts that got it
  sed -n "s/.*attempt=\([0-9]*\) outcome=[a-z]* verdict=$2.*/\1/p" "$1" | sort -n
}

start m
sonata-worker --master "ipc://$work/worker" --state w --name w --log debug \
  --board "one:table:table.csv,accuracy=acc,latency=lat,delay=200ms,type=bench" \
  --board "two:table:table.csv,accuracy=acc,latency=lat,delay=200ms,type=bench" > w.log 2>&1 &
worker=$!
search_file first 60 > first.yaml
search_file second 120 "priority: 1" > second.yaml
expect 0 "search 1" sonata submit first.yaml --patience 30s
while :; do sonata list --patience 30s > /dev/null 2>&1; sleep 0.05; done & # load on the client port all the while
load=$!
wait_for_evaluations 1 10
expect 0 "is a copy" sonata backup monday
cp -a m/backups/monday monday
expect 0 "no problems found" sonata-master --check --state monday
in_copy=$(count attempt monday)

# Much is measured after the backup, and submitted; then the worker measures on without a master, into its spool.
wait_for_evaluations 1 $(($(evaluations 1) + 8))
expect 0 "search 2" sonata submit second.yaml --patience 30s
kill -STOP "$worker" # what its boards finish now is spooled when it wakes, and the master is gone by then
lose
kill -CONT "$worker"
wait_for w.log "no link to the master"
for _ in $(seq 100); do [ -s w/spool ] && break; sleep 0.1; done
[ -s w/spool ] || fail "the worker spooled nothing"
sleep 1

start monday
wait_for monday.log "numbers are skipped"
wait_for monday.log "verdict=unknown"
expect 0 "" sonata watch 1 --patience 30s
expect 0 "done" sonata show 1
[ "$(evaluations 1)" = 60 ] || fail "the restored search has $(evaluations 1) evaluations, not 60"
expect 3 "no search" sonata show 2
for a in $(verdicts monday.log unknown); do
  [ "$a" -gt "$in_copy" ] || fail "attempt $a was known to the copy, but refused"
  verdicts monday.log accepted | grep -qx "$a" && fail "attempt number $a was given out again"
  checks=$((checks + 1))
done
expect 0 "identical" sonata replay 1

# Everything on boards at the moment of this backup comes home to the copy.
expect 0 "search 2" sonata submit second.yaml --patience 30s
wait_for_evaluations 2 10
kill -STOP "$worker" # no result between the backup and the end of the master
sonata-master --state monday --backup tuesday > /dev/null || fail "no backup"
lose
on_boards=$(without_result tuesday)
kill -CONT "$worker"
wait_for w.log "no link to the master"
start tuesday
wait_for tuesday.log "verdict=accepted"
expect 0 "" sonata watch 2 --patience 30s
[ "$(evaluations 2)" = 120 ] || fail "the search has $(evaluations 2) evaluations, not 120"
[ -z "$(verdicts tuesday.log unknown)" ] || fail "results of attempts that the copy knows were refused: $(verdicts tuesday.log unknown)"
grep -q "numbers are skipped" tuesday.log && fail "numbers were skipped without need"
expect 0 "identical" sonata replay 2

kill "$load"
wait "$load" 2> /dev/null
kill "$worker" "$master"
wait "$worker" || fail "the worker did not end in order"
wait "$master" || fail "the master did not end in order"
expect 0 "no problems found" sonata-master --check --state monday
expect 0 "no problems found" sonata-master --check --state tuesday
[ "$(without_result tuesday)" -lt "$on_boards" ] || fail "no result of an attempt from before the backup was taken"
echo "$checks checks"
