#!/usr/bin/env bash
# Two teams, a worker and strangers at one encrypted master: who may do what, and that nobody reads another team's work.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

start_master
[ "$(stat -c %a m/admin.key)" = 600 ] || fail "admin.key may be read by others"
[ "$(stat -c %a m/server.key)" = 600 ] || fail "server.key may be read by others"

# the first admin makes teams and keys
expect 0 "team vision is set" as m/admin.key teams set vision
expect 0 "team audio is set" as m/admin.key teams set audio --searches 1
expect 0 "key of alice" as m/admin.key keys new alice --team vision
expect 0 "key of bob" as m/admin.key keys new bob --team audio
expect 0 "key of pi" as m/admin.key keys new pi --role worker
expect 3 "there is no team 'nobody'" as m/admin.key keys new eve --team nobody
[ ! -e eve.key ] || fail "a refused key left a file"
expect 5 "File exists" as m/admin.key keys new alice --team vision
expect 5 "last admin key" as m/admin.key keys revoke first-admin

# an open key file is not used
cp alice.key open.key && chmod 644 open.key
expect 5 "chmod 600" as open.key list

# workers need a worker key; a client's key opens only the client port, and no key opens nothing
search_file shared 20 > s.yaml
sonata-worker --master "$worker_port" --key alice.key --state wrong --name wrong --board "bench:table:table.csv,accuracy=acc,latency=lat" > wrong.log 2>&1 &
sleep 1
expect 0 "no boards" as m/admin.key boards
patience=1500ms
expect 5 "does not accept this key" as pi.key list
expect 5 "wants a key" sonata list --patience 1500ms
patience=10s
sonata-worker --master "$worker_port" --key pi.key --state w --name pi --board "bench:table:table.csv,accuracy=acc,latency=lat" > w.log 2>&1 &
wait_for " ready " as m/admin.key boards
expect 0 "ready" as bob.key boards

# each team sees its own searches and no others, by number, name, result or list
expect 0 "search 1" as alice.key submit s.yaml
as alice.key watch 1 > /dev/null
expect 0 "done" as alice.key show 1
for command in show front export pause cancel report; do
  for search in 1 shared vision/1; do
    expect 3 "no searches" as bob.key $command $search
  done
done
expect 0 "no searches" as bob.key list
expect 0 "search 1" as bob.key submit s.yaml # a team counts its own
as bob.key watch 1 > /dev/null
expect 0 "done" as bob.key show audio/1
for search in 2 vision/1; do
  expect 3 "no search '$search'" as bob.key show $search
done
expect 0 "search 1: shared, of team vision number 1" as m/admin.key show vision/1
expect 0 "search 2: shared, of team audio number 1" as m/admin.key show 2
expect 0 "audio/1" as m/admin.key list
as m/admin.key list --json > all.json
contains all.json '"team":	"vision"'
contains all.json '"team":	"audio"'

# teams that do not share are measured apart: nothing of audio/1 was answered from vision/1
as m/admin.key list --json | grep '"reused"' | grep -vq '"reused":	0' && fail "an evaluation crossed from one team to another"

# teams that share are not measured twice
expect 0 "is set" as m/admin.key teams set vision --share
expect 0 "is set" as m/admin.key teams set audio --share
expect 0 "search 2" as alice.key submit s.yaml
as alice.key watch 2 > /dev/null
expect 0 "search 2" as bob.key submit s.yaml
as bob.key watch 2 > /dev/null
as bob.key show 2 --json > shared.json
grep -Eq '"reused":	(1[0-9]|20)' shared.json || fail "shared measurements were made again: $(grep reused shared.json)"

# what is for admins only, and what they did
expect 5 "admin key" as alice.key keys list
expect 5 "admin key" as alice.key teams set vision --searches 9
expect 5 "admin key" as alice.key audit
expect 0 "label 'alice'" as m/admin.key audit

# boards: anybody sees their states; orders, who gave them and why, and what a board did when are for admins
expect 5 "admin key" as alice.key board bench drain
expect 2 "expected drain" as m/admin.key board bench dance
expect 3 "there is no board 'nobody'; there are: bench" as m/admin.key board nobody drain
expect 0 "gets no new jobs" as m/admin.key board bench drain --reason "loose cable"
expect 0 "(drain by first-admin: loose cable)" as m/admin.key boards
expect 0 "(drain)" as bob.key boards
case "$out" in *cable*) fail "bob reads who ordered what and why: $out" ;; esac
expect 5 "admin key" as bob.key board bench history
expect 0 "drain by first-admin: loose cable" as m/admin.key board bench history
as m/admin.key board bench history --json > history.json
contains history.json '"kind":	"order"'
expect 0 "board bench: drain: loose cable" as m/admin.key audit
expect 0 "may work again" as m/admin.key board bench release
wait_for " ready " as bob.key boards # when the worker has taken it
expect 0 "ready" as bob.key boards

# a quota
search_file endless 200 > e.yaml
sed -i 's/delay=0ms/delay=50ms/' e.yaml
expect 0 "is set" as m/admin.key teams set audio --searches 1 --share
kill -STOP %3 2> /dev/null # the worker
expect 0 "search 3" as bob.key submit e.yaml
expect 5 "which is its limit" as bob.key submit e.yaml
kill -CONT %3 2> /dev/null

# revocation, at once; and everything still so after kill -9 of the master
expect 0 "is revoked" as m/admin.key keys revoke bob
patience=1500ms
expect 5 "does not accept this key" as bob.key list
patience=10s
kill -9 "$master"
wait "$master" 2> /dev/null
rm -f m/endpoints
start_master
expect 0 "revoked" as m/admin.key keys list
expect 0 "shared" as alice.key list
patience=1500ms
expect 5 "does not accept this key" as bob.key list
kill "$master"
wait "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
echo "$checks checks"
