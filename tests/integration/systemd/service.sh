#!/usr/bin/env bash
# What a service manager hands to the daemons: key files as credentials, SIGHUP.
# shellcheck source=../cli/common.sh
. "$(dirname "$0")/../cli/common.sh"

wait_for() { # wait_for LOG TEXT
  for _ in $(seq 200); do grep -qF -- "$2" "$1" && { checks=$((checks + 1)); return; }; sleep 0.1; done
  fail "$1 never said '$2': $(tail -n 5 "$1")"
}

# the master takes its own pair from the credential and writes none beside its store
start_master
server_key=$(sed -n 's/^public: //p' m/server.key)
kill "$master"
wait "$master"
mkdir credentials
mv m/server.key credentials/sonata-server.key
chmod 0440 credentials/sonata-server.key
export CREDENTIALS_DIRECTORY="$work/credentials"
rm -f m/endpoints
start_master
wait_for m.log "server_public_key=$server_key"
[ ! -e m/server.key ] || fail "a second key pair was made"
expect 0 "key of" as m/admin.key keys new pi --role worker
cp pi.key credentials/sonata-worker.key
chmod 0440 credentials/sonata-worker.key

# the worker takes its key from there when none is named; the same file elsewhere would be refused
cat > worker.yaml <<W
name: pi
master: $worker_port
state: w
log: info
boards:
  - {id: pi, type: bench, backend: table, file: table.csv, metrics: [{name: accuracy, column: acc}, {name: latency, column: lat}]}
W
chmod 0440 pi.key
expect 1 "chmod 600" sonata-worker --config worker.yaml --key pi.key --check-config
sonata-worker --config worker.yaml > w.log 2>&1 &
worker=$!
wait_for w.log "msg=\"welcomed\""

# SIGHUP: the level of the log, a mistake, and what waits
sed -i 's/^log: info/log: loud/' worker.yaml
expect 1 "expected one of error|warn|info|debug" sonata-worker --config worker.yaml --check-config
kill -HUP "$worker"
wait_for w.log "is not reloaded"
sed -i 's/^log: loud/log: error/; s/^name: pi/name: other/; s/id: pi,/id: pie,/' worker.yaml
kill -HUP "$worker"
sleep 1
sed -i 's/^log: error/log: warn/' worker.yaml
kill -HUP "$worker"
wait_for w.log "setting=name"
wait_for w.log "setting=boards"
[ "$(grep -c "configuration reloaded" w.log)" = 0 ] || fail "the level did not change"
kill "$worker" "$master"
wait "$worker" || fail "the worker did not end in order"
wait "$master" || fail "the master did not end in order"
echo "$checks checks"
