#!/usr/bin/env bash
# A fork starts with what its parent measured: other objectives, nothing measured twice, nothing charged, resumed after kill -9, replayed, and only of
# the team's own searches.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

number() { as "$1" show "$2" --json | sed -n "s/.*\"$3\":\t\([0-9]*\).*/\1/p" | head -n 1; }
start_worker() {
  sonata-worker --master "$worker_port" --key pi.key --state w --name pi --board "pi:table:table.csv,accuracy=acc,latency=lat,energy=lat,delay=20ms,type=bench" > w.log 2>&1 &
  worker=$!
}

start_master
add_team vision alice
add_team audio bob
expect 0 "key of" as m/admin.key keys new pi --role worker
start_worker
search_file parent 60 > parent.yaml
expect 0 "search 1" as alice.key submit parent.yaml
as alice.key watch 1 > /dev/null

# the same values under one objective and another algorithm: everything is known
expect 3 "no search" as bob.key fork 1
expect 2 "as an objective" as alice.key fork 1 --objective latency
expect 0 "starts with what search 1 measured" as alice.key fork 1 --objective latency@bench:min --algorithm random --evaluations 10 --name quick
as alice.key watch 2 > /dev/null
expect 0 "done" as alice.key show 2
[ "$(number alice.key 2 evaluations)" = 10 ] || fail "the fork was charged $(number alice.key 2 evaluations) evaluations, not 10"
[ "$(number alice.key 2 reused)" -ge 60 ] || fail "the fork took over $(number alice.key 2 reused) results, not 60"
n=$(as alice.key export 2 --all --format csv | grep -c ',fork,')
[ "$n" = 60 ] || fail "$n individuals of the fork come from its parent, not 60"

# a metric that was never measured: nothing can be taken over, everything is measured
expect 0 "search 3" as alice.key fork 1 --objective accuracy:max --objective energy@bench:min --evaluations 12
as alice.key watch 3 > /dev/null
n=$(as alice.key export 3 --all --format csv | grep -c ',fork,')
[ "$n" = 0 ] || fail "$n individuals have an energy nobody measured"

# another space is refused
sed 's/name: four/name: five/; s/red, green/violet, green/' space.yaml > other.yaml
sed 's/space.yaml/other.yaml/; s/^boards:.*//' parent.yaml > other_search.yaml
expect 2 "space of its parent" as alice.key fork 1 other_search.yaml

# killed right after it was accepted: it goes on from where it was
expect 0 "search 4" as alice.key fork 1 --evaluations 15 --name again
restart_master
as alice.key watch 4 > /dev/null
expect 0 "done" as alice.key show 4
[ "$(number alice.key 4 evaluations)" = 15 ] || fail "the fork was charged $(number alice.key 4 evaluations) evaluations, not 15"
for search in 2 3 4; do expect 0 "identical" as alice.key replay "$search"; done

kill "$worker" "$master"
wait "$worker" "$master" 2> /dev/null || true
expect 0 "no problems found" sonata-master --check --state m
echo "$checks checks"
