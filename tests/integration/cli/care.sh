#!/usr/bin/env bash
# Looking after a master: backup of a live store and a master on the copy (the restore drill of docs/OPERATIONS.md), replay beside the service, options
# reloaded by SIGHUP.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

evaluations() { as "$1" show "$2" --json | sed -n 's/.*"evaluations":\t\([0-9]*\).*/\1/p' | head -n 1; }

start_master
add_team vision alice
add_team audio bob
expect 0 "key of" as m/admin.key keys new pi --role worker
sonata-worker --master "$worker_port" --key pi.key --state w --name pi --board "pi:table:table.csv,accuracy=acc,latency=lat,delay=50ms,type=bench" > w.log 2>&1 &
worker=$!
search_file long 150 > long.yaml
expect 0 "search 1" as alice.key submit long.yaml
for _ in $(seq 200); do
  [ "$(evaluations alice.key 1)" -ge 20 ] && break
  sleep 0.1
done

# replay beside the running search: the owner and admins may, another team does not even learn that there is such a search
expect 0 "identical" as alice.key replay 1
expect 0 "identical" as m/admin.key replay 1
expect 3 "no search" as bob.key replay 1
expect 0 '"state":	"done"' as alice.key replay 1 --json

# backup: admins, only below the folder of backups
expect 5 "admin key" as alice.key backup
expect 5 "backup's name" as m/admin.key backup ../elsewhere
expect 5 "backup's name" as m/admin.key backup .hidden
expect 0 "is a copy" as m/admin.key backup monday
expect 1 "monday" as m/admin.key backup monday
expect 0 "is a copy" as m/admin.key backup
[ -s m/backups/monday/data.mdb ] || fail "there is no copy"
case "$(as m/admin.key audit)" in *"backup to"*) checks=$((checks + 1)) ;; *) fail "the audit log does not tell of the backup" ;; esac

# SIGHUP: what may change changes, a mistake changes nothing, the rest is named
reload() { kill -HUP "$master"; for _ in $(seq 50); do grep -q "$1" m.log && return; sleep 0.1; done; fail "the log never said '$1': $(tail -5 m.log)"; }
printf 'log-level: info\nsearches: 1000\n' > m.conf
restart_master --config m.conf
printf 'log-level: debug\nsearches: 1\n' > m.conf
reload "configuration reloaded"
expect 5 "1 " as alice.key submit long.yaml
printf 'log-level: no-such-level\n' > m.conf
reload "is not reloaded"
printf 'log-level: info\nqueue: 300\n' > m.conf
reload "option=queue"
as alice.key watch 1 > /dev/null
expect 0 "done" as alice.key show 1

# retention, from one moment to the next: the log of a search that ended goes, and who asks is told so
expect 0 "identical" as alice.key replay 1
printf 'log-level: info\nkeep-events: 1s\n' > m.conf
sleep 1.1
kill -HUP "$master"
for _ in $(seq 100); do case "$(as alice.key show 1)" in *"events dropped"*) break ;; esac; sleep 0.1; done
expect 0 "events dropped" as alice.key show 1
expect 1 "were dropped" as alice.key replay 1

# the drill: the machine is lost, a master starts on the copy under the same name, the worker finds it, the search ends
kill -9 "$master"
wait "$master" 2> /dev/null || true
expect 0 "no problems found" sonata-master --check --state m/backups/monday
cp -a m/backups/monday restored
for key in server.key admin.key; do cp -a "m/$key" restored/; done
sonata-master --state restored --worker-endpoint "$worker_port" --client-endpoint "$SONATA_SERVER" >> restored.log 2>&1 &
master=$!
for _ in $(seq 100); do [ -s restored/endpoints ] && break; sleep 0.1; done
as alice.key watch 1 > /dev/null
expect 0 "done" as alice.key show 1
[ "$(evaluations alice.key 1)" = 150 ] || fail "the restored search has $(evaluations alice.key 1) evaluations, not 150"
expect 0 "identical" as alice.key replay 1
kill "$worker" "$master"
wait "$worker" "$master" 2> /dev/null || true
expect 0 "no problems found" sonata-master --check --state restored
echo "$checks checks"
