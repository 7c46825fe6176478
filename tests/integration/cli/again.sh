#!/usr/bin/env bash
# Results measured again at a real master and worker: `sonata retry` of what a broken board failed, and a noisy board's front with replicates; the
# master is killed (-9) in the middle of both.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

export SONATA_SERVER="ipc://$work/client"

start() { # start: a master that gives up soon
  sonata-master --state m --security none --worker-endpoint "ipc://$work/worker" --client-endpoint "$SONATA_SERVER" --backoff 10ms --retry-infra 1 \
    --heartbeat 200ms --suspect 1s --offline 2s --lease 4s --grace 4s --commit-retry 200ms --quarantine 0s >> m.log 2>&1 &
  master=$!
}

serve() { # serve OPTIONS: one worker with two boards
  sonata-worker --master "ipc://$work/worker" --state w --name w --board "one:table:table.csv,accuracy=acc,latency=lat,type=bench$1" \
    --board "two:table:table.csv,accuracy=acc,latency=lat,type=bench$1" >> w.log 2>&1 &
  worker=$!
}

stop() { # stop PID: orderly
  kill "$1" && wait "$1"
}

number_of() { # number_of NAME SEARCH
  sonata show "$2" --json --patience 30s | sed -n "s/.*\"$1\":\t\(-\?[0-9]*\).*/\1/p" | head -n 1
}

wait_until() { # wait_until NAME VALUE SEARCH: the number is at least that
  for _ in $(seq 600); do
    n=$(number_of "$1" "$3")
    [ "${n:-0}" -ge "$2" ] && return
    sleep 0.05
  done
  fail "$1 of $3 never came to $2: $(sonata show "$3")"
}

wait_done() {
  for _ in $(seq 600); do
    case "$(sonata show "$1" --patience 30s)" in *"state        done"*) checks=$((checks + 1)); return ;; esac
    sleep 0.1
  done
  fail "$1 never ended: $(sonata show "$1")"
}

kill_master() {
  kill -9 "$master"
  wait "$master" 2> /dev/null
  start
}

start
serve ,fail=0.8
search_file broken 160 > broken.yaml
expect 0 "" sonata submit broken.yaml --patience 30s
wait_done broken
failed=$(number_of failed broken)
[ "$failed" -gt 64 ] || fail "a board that fails most of the time failed only $failed" # more than the master opens in one turn
expect 0 "0 individuals are measured again" sonata retry broken --cause lost
expect 2 "expected infra" sonata retry broken --cause weather
expect 2 "which search?" sonata retry
expect 3 "no search" sonata retry nothing
stop "$worker"
serve ,delay=50ms
expect 0 "running, $failed individuals are measured again" sonata retry broken --cause infra
expect 0 '"retried":	0' sonata retry broken --cause infra --json
wait_until told_anew 2 broken
kill_master
wait_done broken
[ "$(number_of failed broken)" = 0 ] || fail "some are failed still: $(sonata show broken)"
[ "$(number_of told_anew broken)" = "$failed" ] || fail "$failed failed, but $(sonata show broken)"
[ "$(number_of evaluations broken)" = 160 ] || fail "the budget was charged again: $(sonata show broken)"
expect 0 "results told anew" sonata show broken
stop "$worker"

serve ,delay=30ms,noise.latency=0.2
# another tier: nothing is reused
search_file noisy 60 "evaluation: {tier: screen, replicates: 3, replicate_budget: 500}" > noisy.yaml
expect 0 "rests on 3 measurements, with at most 500 more" sonata check noisy.yaml
expect 0 "" sonata submit noisy.yaml --patience 30s
wait_until replicates 4 noisy
kill_master
wait_done noisy
wait_until told_anew 3 noisy
for id in $(sonata front noisy --json | sed -n 's/.*"id":\t\([0-9]*\),.*/\1/p' | tail -n +2); do
  expect 0 "values rest on 3 measurements" sonata show noisy --individual "$id"
  [ "$(grep -c '^attempt ' <<< "$out")" = 3 ] || fail "not three measurements: $out"
done
expect 0 '"measurements":	3' sonata front noisy --json

stop "$worker"
stop "$master"
expect 0 "no problems found" sonata-master --state m --check
expect 0 "" sonata-master --state m --replay 1
expect 0 "" sonata-master --state m --replay 2
echo "$checks checks"
