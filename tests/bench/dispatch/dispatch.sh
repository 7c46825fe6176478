#!/usr/bin/env bash
# Durable results per second and the gap a board stands idle, by number of connected workers, with CURVE off and on; then the raw
# limits of the same disk, and a job cycle through Redis and beanstalkd, both syncing before they answer, where they are installed.
#
# With SYNC_US every sync of ours and of the queues takes at least so many microseconds, as on a disk of that kind.
#
#     tests/bench/dispatch/dispatch.sh BIN_FOLDER [SECONDS [SYNC_US]]
set -eu
bin=$(cd "${1:?usage: dispatch.sh BIN_FOLDER [SECONDS [SYNC_US]]}" && pwd)
seconds=${2:-5}
disk=()
[ -z "${3:-}" ] || disk=(env LD_PRELOAD="$bin/libbench_slow_disk.so" SONATA_SYNC_US="$3")
work=$(mktemp -d "${TMPDIR:-/tmp}/sonata-dispatch-XXXXXX")
master=
trap '[ -z "$master" ] || kill "$master" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)" || true

start() { # start KIND
  rm -rf "$work/m"
  "${disk[@]}" "$bin/sonata-master" --state "$work/m" --worker-endpoint tcp://127.0.0.1:0 --client-endpoint tcp://127.0.0.1:0 --security "$1" --log-level error 2> "$work/log" &
  master=$!
  for _ in $(seq 100); do [ -s "$work/m/endpoints" ] && break; sleep 0.05; done
  workers=$(sed -n 's/^worker=//p' "$work/m/endpoints")
  clients=$(sed -n 's/^client=//p' "$work/m/endpoints")
}

stop() {
  kill "$master"
  wait "$master" 2>/dev/null || true
  master=
}

measure() { # measure KIND WORKERS JOB_MS
  start "$1"
  keys=()
  if [ "$1" = curve ]; then
    export SONATA_SERVER="$clients" SONATA_KEY="$work/m/admin.key"
    rm -f "$work/w.key"
    "$bin/sonata" keys new w --role worker --out "$work/w.key" > /dev/null
    keys=("$work/w.key" "$work/m/admin.key")
  fi
  printf 'security=%s ' "$1"
  "$bin/bench_dispatch" "$workers" "$clients" "$2" "$seconds" "$3" "$master" "${keys[@]}"
  stop
}

[ -z "${3:-}" ] || echo "every sync takes at least $3 us"
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc), open files: $(ulimit -n)"
for kind in none curve; do
  for n in 1 10 100 1000 5000; do
    measure "$kind" "$n" 0 # boards that measure for no time: the master is saturated
  done
  measure "$kind" 100 50   # boards that measure: what a board waits between two jobs
  measure "$kind" 1000 1000
done

echo "the limits of this disk and of the libraries:"
"${disk[@]}" "$bin/bench_limits" "$work" "$seconds"

queue() { # queue NAME PORT: through the peer that runs as $master
  for n in 1 10 100; do
    "$bin/bench_queues" "$1" "$2" "$n" "$seconds"
  done
}
if command -v redis-server > /dev/null; then
  echo "redis, appendfsync always:"
  "${disk[@]}" redis-server --port 7399 --dir "$work" --appendonly yes --appendfsync always --save '' > /dev/null &
  master=$!
  sleep 1
  queue redis 7399
  queue redis-stream 7399
  stop
else
  echo "redis-server is not installed: left out"
fi
if command -v beanstalkd > /dev/null; then
  echo "beanstalkd -f0:"
  mkdir "$work/beanstalkd"
  "${disk[@]}" beanstalkd -l 127.0.0.1 -p 7398 -b "$work/beanstalkd" -f0 &
  master=$!
  sleep 1
  queue beanstalkd 7398
  stop
else
  echo "beanstalkd is not installed: left out"
fi
