#!/usr/bin/env bash
# Every command that changes something leaves one entry in the audit log, the others none; and the lines of both daemons' logs carry search=, team=, board= and
# attempt= where they are about one.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

start_master --log-level debug --backoff 50ms --quarantine 1s
entries() { as m/admin.key audit --max 1000; }
newest() { entries | tail -n 1; }

# key, what the newest entry says, command
changed() {
  local key=$1 text=$2 before after line
  shift 2
  before=$(entries | wc -l)
  out=$(as "$key" "$@" 2>&1) || fail "'$*' failed: $out"
  after=$(entries | wc -l)
  [ "$after" = $((before + 1)) ] || fail "'$*' left $((after - before)) entries"
  line=$(newest)
  case "$line" in *"$text"*) checks=$((checks + 1)) ;; *) fail "'$*' should be audited as '$text'; it says: $line" ;; esac
  case "$line" in *" $(actor "$key") "*) checks=$((checks + 1)) ;; *) fail "'$*' is audited under another name: $line" ;; esac
}
actor() { case "$1" in m/admin.key) echo first-admin ;; *) basename "$1" .key ;; esac; }

changed m/admin.key "team vision: weight 1," teams set vision
changed m/admin.key "boards 3, hours per day 2," teams set vision --boards 3 --hours-per-day 2
changed m/admin.key "role team, team 'vision', label 'alice'" keys new alice --team vision
changed m/admin.key "role worker, team '', label 'pi'" keys new pi --role worker
changed m/admin.key "team audio: weight 1," teams set audio
changed m/admin.key "role team, team 'audio', label 'bob'" keys new bob --team audio
sonata-worker --master "$worker_port" --key pi.key --state w --name pi --log debug \
  --board "pi-1:table:table.csv,accuracy=acc,latency=lat,delay=20ms,fail=0.2,type=bench" > w.log 2>&1 &
worker=$!
for _ in $(seq 300); do
  as m/admin.key boards | grep -q ready && break
  sleep 0.1
done
search_file tree 60 > tree.yaml
changed alice.key "search 1 (vision/1) submitted: tree" submit tree.yaml
changed bob.key "search 2 (audio/1) submitted: tree" submit tree.yaml
changed alice.key "search 1 (vision/1): pause" pause 1
changed alice.key "search 1 (vision/1): resume" resume 1
changed alice.key "search 1 (vision/1): priority 5" priority 1 5
changed m/admin.key "search 1 (vision/1): extend by 7" extend 1 7
changed alice.key "search 1 (vision/1): retry infra" retry 1 --cause infra
changed bob.key "search 2 (audio/1): cancel" cancel 1
as alice.key watch 1 > /dev/null
changed alice.key "search 3 (vision/2) forked from search 1 (vision/1): tree-fork" fork 1
changed m/admin.key "board pi-1: drain: new fan" board pi-1 drain --reason "new fan"
changed m/admin.key "board pi-1: release" board pi-1 release
changed m/admin.key "backup to " backup monday
changed m/admin.key "revoked: role team, team 'audio', label 'bob'" keys revoke bob

# what changes nothing, and what is refused
before=$(entries)
for command in list boards teams "show 1" "front 1" "keys list" "board pi-1 history"; do
  # shellcheck disable=SC2086 # words of a command
  as m/admin.key $command > /dev/null || fail "$command failed"
done
expect 5 "admin key" as alice.key teams set vision --boards 9
expect 5 "admin key" as alice.key board pi-1 drain
expect 2 "expected" as alice.key priority 1 1000
expect 3 "no search" as alice.key cancel 77
[ "$(entries)" = "$before" ] || fail "something that changed nothing is in the audit log: $(newest)"

# each entry is in the transaction of its change
kill -9 "$master"
wait "$master" 2> /dev/null
rm -f m/endpoints
worker_endpoint=$worker_port client_endpoint=$SONATA_SERVER start_master --log-level debug --backoff 50ms --quarantine 1s
[ "$(entries)" = "$before" ] || fail "kill -9 changed the audit log"

# the daemons' logs: message, fields
fields() { # fields LOG MESSAGE FIELD…
  local log=$1 message=$2 lines bad
  shift 2
  lines=$(grep -F "msg=\"$message\"" "$log")
  [ -n "$lines" ] || fail "no line '$message' in $log"
  for field; do
    bad=$(echo "$lines" | grep -Ev " $field=[^ ]" | head -n 1)
    [ -z "$bad" ] || fail "a line '$message' of $log has no $field=: $bad"
    checks=$((checks + 1))
  done
}
fields m.log "search submitted" search team number
fields m.log "search controlled" search team action
fields m.log "search ended" search team state
fields m.log "fork has its parent's results" search parent
fields m.log "attempt failed" attempt board search team evaluation outcome
fields m.log "result" attempt board worker verdict
fields m.log "board order" board
fields m.log "worker link" worker link
fields w.log "assigned" attempt board
fields w.log "result acknowledged" attempt
fields w.log "board ready" board
grep -Ev '^ts=[^ ]+ level=(error|warn|info|debug) program=[a-z-]+ msg="[^"]*"( |$)' m.log w.log | grep -q . &&
  fail "a line of a log is not structured: $(grep -Ev '^ts=' m.log w.log | head -n 1)"
kill "$worker" "$master"
wait "$worker" "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
echo "$checks checks"
