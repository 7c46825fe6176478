#!/usr/bin/env bash
# The name of a worker belongs to its key: while it is away and over kill -9 of the master, until an admin lets it go.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

worker() { # worker KEY STATE [OPTION…]: one that calls itself rack-1
  local key=$1 state=$2
  shift 2
  sonata-worker --master "$worker_port" --key "$key.key" --state "$state" --name rack-1 --board "bench:table:table.csv,accuracy=acc,latency=lat" "$@" > "$state.log" 2>&1 &
}

end() { # end PID: and the name is offline soon, for it said goodbye
  kill "$1"
  wait "$1" 2> /dev/null
}

start_master
for name in lab foreign third; do
  expect 0 "key of $name" as m/admin.key keys new $name --role worker
done
worker lab w
lab=$!
wait_for " ready " as m/admin.key boards
end $lab

# the owner is away, the master was killed: the name is not to be had
restart_master
worker foreign x
foreign=$!
wait_for "belongs to a worker with another key" cat x.log
contains x.log "keys release NAME"
as m/admin.key boards > boards.txt
grep -q " ready " boards.txt && fail "the board of rack-1 was taken: $(cat boards.txt)"
end $foreign
worker lab w
lab=$!
wait_for " ready " as m/admin.key boards
as m/admin.key keys list --json > keys.json
[ "$(grep -c '"workers":	1' keys.json)" = 1 ] || fail "one key has one worker: $(cat keys.json)"

# released by an admin, when its worker is not there
expect 5 "is online: stop it first" as m/admin.key keys release rack-1
expect 3 "no key has the worker name" as m/admin.key keys release rack-2
expect 2 "needs a WORKER" as m/admin.key keys release
end $lab
wait_for "is released" as m/admin.key keys release rack-1
expect 0 "worker name rack-1 released from key" as m/admin.key audit
restart_master
worker foreign x
foreign=$!
wait_for " ready " as m/admin.key boards

# and by revoking the key, though its worker goes on trying
expect 0 "foreign is revoked" as m/admin.key keys revoke foreign
worker third y
wait_for "welcomed" cat y.log
end $foreign
wait_for " ready " as m/admin.key boards
restart_master
worker lab w
wait_for "belongs to a worker with another key" cat w.log

kill "$master"
wait "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
contains <(sonata-master --state m --check) "worker           1"
echo "$checks checks"
