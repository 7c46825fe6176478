#!/usr/bin/env bash
# A store with names of before there was a grammar of them (tests/golden/store-names): shown, exported, gone on with and ended by the programs; what is new
# keeps to the grammar.
golden="$(cd "$(dirname "$0")/../../golden" && pwd)"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

mkdir m
gzip -dc "$golden/store-names/data.mdb.gz" > m/data.mdb
expect 0 "no problems found" sonata-master --state m --check
sonata-master --state m --security none --worker-endpoint "ipc://$work/w" --client-endpoint "ipc://$work/c" > m.log 2>&1 &
master=$!
export SONATA_SERVER="ipc://$work/c"
wait_for "=going on" sonata list
expect 0 "<script>old" sonata list
expect 0 "<script>old" sonata show 1
expect 0 "a,b" sonata show 1 -i 3
expect 0 "" sonata front 1
expect 0 '"a,b"' sonata front 1 --json
expect 0 "" sonata export 1 -f csv
case "$out" in *"
="* | *",="*) fail "a cell of the CSV is a formula: $out" ;; esac
expect 0 "" sonata report 1 -o report.html
contains report.html "&lt;script&gt;old"
grep -q "<script>old" report.html && fail "a name became markup"
expect 0 "" sonata export 1 -f json
expect 0 "" sonata export 1 -f yaml
expect 0 "" sonata watch 1
expect 0 "" sonata extend 1 5
expect 0 "" sonata cancel "=going on"
expect 0 "canceled" sonata show 2
expect 0 "-b1" sonata boards
expect 0 "" sonata board -- -b1 drain
kill "$master"
wait "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
echo "$checks checks"
