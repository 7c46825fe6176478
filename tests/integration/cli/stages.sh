#!/usr/bin/env bash
# Stages: what a measured constraint is about is measured first, on its own board; architectures that break it never reach the other one.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

done_of() { as m/admin.key boards --json | tr -d '\n\t' | grep -o "\"id\":\"$1\".*" | grep -o '"done":[0-9]*' | head -n 1 | cut -d: -f2; }

start_master
add_team vision alice
expect 0 "key of" as m/admin.key keys new pi --role worker
sonata-worker --master "$worker_port" --key pi.key --state w --name pi --board "device:table:table.csv,latency=lat,delay=10ms,type=device" \
  --board "host:table:table.csv,accuracy=acc,delay=10ms,type=host" > w.log 2>&1 &
worker=$!
cat > staged.yaml <<'S'
name: staged
space: ./space.yaml
objectives:
  - {metric: accuracy, board: host, goal: max}
  - {metric: latency, board: device, goal: min}
constraints:
  - {metric: latency, board: device, max: 4}
algorithm: {name: random}
budget: {evaluations: 60}
seed: 5
S
expect 0 "search 1" as alice.key submit staged.yaml
sleep 0.3
restart_master
as alice.key watch 1 > /dev/null
expect 0 "done" as alice.key show 1
as alice.key export 1 --all --format csv > all.csv
broken=$(grep -c ",infeasible," all.csv)
device=$(done_of device)
host=$(done_of host)
[ "$broken" -ge 10 ] || fail "only $broken of 60 are over the constraint: the test shows nothing"
[ "$device" -ge 60 ] || fail "the device measured $device, not 60"
[ "$host" -le $((62 - broken)) ] || fail "the host measured $host although $broken of 60 break the constraint"
expect 0 "identical" as alice.key replay 1
kill "$worker" "$master"
wait "$worker" "$master" 2> /dev/null || true
expect 0 "no problems found" sonata-master --check --state m
echo "$checks checks, $broken over the constraint, device $device, host $host"
