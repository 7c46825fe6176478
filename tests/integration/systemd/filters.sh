#!/usr/bin/env bash
# The daemons through a search, a replay and a backup, under the system call filters of their units. Skipped where systemd-analyze or libseccomp's Python
# module (python3-seccomp) is missing.
units=${2:?usage: filters.sh BIN_FOLDER UNIT_FOLDER}
export ASAN_OPTIONS=detect_leaks=0 # LeakSanitizer traces its own process, which the filters forbid as they should
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../cli/common.sh
. "$here/../cli/common.sh"

python=/usr/bin/python3
if ! command -v systemd-analyze > /dev/null || ! $python -c "import seccomp" 2> /dev/null; then
  echo "systemd-analyze or python3-seccomp is not installed: skipped"
  exit 77
fi
under() { # under UNIT PROGRAM…
  local unit=$1 program=$2
  shift 2
  exec $python "$here/filtered.py" "$units/$unit" "$bin/$program" "$@"
}

under sonata-master.service sonata-master --state m --worker-endpoint tcp://127.0.0.1:0 --client-endpoint tcp://127.0.0.1:0 > m.log 2>&1 &
master=$!
for _ in $(seq 200); do [ -s m/endpoints ] && break; sleep 0.1; done
[ -s m/endpoints ] || fail "the master does not start under its unit's filter: $(tail -n 3 m.log)"
grep -q "^Seccomp:.2" "/proc/$master/status" || fail "there is no filter"
worker_port=$(grep -o 'tcp://[^ ]*' m/endpoints | sed -n 1p)
SONATA_SERVER=$(grep -o 'tcp://[^ ]*' m/endpoints | sed -n 2p)
export SONATA_SERVER
expect 0 "is set" as m/admin.key teams set vision
expect 0 "key of" as m/admin.key keys new pi --role worker
under sonata-worker.service sonata-worker --master "$worker_port" --key pi.key --state w --name pi \
  --board "pi:table:table.csv,accuracy=acc,latency=lat,type=bench" > w.log 2>&1 &
worker=$!
search_file s 60 > s.yaml
expect 0 "search 1" as m/admin.key submit s.yaml
for _ in $(seq 300); do
  case "$(as m/admin.key show 1)" in *"state        done"*) break ;; esac
  sleep 0.1
done
expect 0 "60 of 60" as m/admin.key show 1
expect 0 "identical" as m/admin.key replay 1
expect 0 "is a copy" as m/admin.key backup copy
under sonata-web.service sonata-web --server "$SONATA_SERVER" --key m/admin.key --port 0 --token-file web.token --link-file web.link > web.log 2>&1 &
web=$!
for _ in $(seq 100); do [ -s web.link ] && break; sleep 0.1; done
[ -s web.link ] || fail "sonata-web does not start under its unit's filter: $(tail -n 3 web.log)"
address=$(sed 's/#.*//' web.link)
expect 0 'sonata_searches{state="done"} 1' $python -c "import urllib.request as u, sys; print(u.urlopen(u.Request(sys.argv[1] + 'metrics', headers={'Authorization': 'Bearer ' + open('web.token').read().strip()}), timeout=10).read().decode())" "$address"
kill "$web"
wait "$web" || fail "sonata-web did not end in order: $(tail -n 3 web.log)"
kill -HUP "$master" "$worker"
kill "$worker"
wait "$worker" || fail "the worker did not end in order: $(tail -n 3 w.log)"
kill "$master"
wait "$master" || fail "the master did not end in order: $(tail -n 3 m.log)"
echo "$checks checks"
