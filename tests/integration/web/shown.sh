#!/usr/bin/env bash
# `sonata run --web` and `sonata web`: a link that works once, pages while the command runs, on a finished state folder and beside a master; no secret left behind.
# shellcheck source=../cli/common.sh
. "$(dirname "$0")/../cli/common.sh"

# ask LINK PATH: logs in with the link's code and asks the API; prints status and body
ask() {
  python3 - "$1" "$2" <<'P'
import http.cookiejar, json, sys, urllib.error, urllib.request
base, code = sys.argv[1].split("#login=")
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
try:
    opener.open(urllib.request.Request(base + "api/v1/login", json.dumps({"secret": code}).encode(), {"Content-Type": "application/json"}), timeout=10)
    print(200, opener.open(base + "api/v1" + sys.argv[2], timeout=10).read().decode())
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())
P
}

link_in() { # link_in FILE: waits for a link in it
  for _ in $(seq 150); do
    link=$(grep -o 'http://127.0.0.1:[0-9]*/#login=[a-z0-9_]*' "$1" | tail -n 1)
    [ -n "$link" ] && return
    sleep 0.1
  done
  fail "no link in $1: $(cat "$1")"
}

# beside a run
delay=30ms search_file shown 300 > shown.yaml
sonata run shown.yaml --web --web-port 0 > run.out 2>&1 & run=$!
link_in run.out
expect 0 '"name":"shown"' ask "$link" /searches
expect 0 403 ask "$link" /searches # it worked once
[ ! -e shown.sonata/web.link ] || fail "the link is still in the state folder"
grep -q "sonata_" shown.sonata/*.log && fail "a secret is in a log"
kill -INT "$run"
wait "$run"
[ $? = 130 ] || fail "sonata run --web did not end by Ctrl-C"
[ -z "$(pgrep -f "server ipc://$work/shown.sonata")" ] || fail "sonata-web is left behind"

# the folder it left
sonata web --state shown.sonata --port 0 > web.out 2> web.err & web=$!
link_in web.out
expect 0 '"name":"shown"' ask "$link" /searches
kill -INT "$web"
wait "$web" || fail "sonata web did not end in order: $(cat web.err)"
expect 3 "not a state folder" sonata web --state nowhere

# beside a master, with the caller's own key; dead and started again, it has another link
start_master
add_team vision vision
add_team audio audio
expect 0 "key of" as m/admin.key keys new pi --role worker
search_file mine 20 > mine.yaml
search_file theirs 20 > theirs.yaml
expect 0 "search 1" as vision.key submit mine.yaml
expect 0 "search 1" as audio.key submit theirs.yaml
sonata web --key vision.key --read-only --port 0 > team.out 2> team.err & web=$!
link_in team.out
out=$(ask "$link" /searches)
case "$out" in *theirs*) fail "vision sees audio's search" ;; *mine*) ;; *) fail "vision does not see its own search: $out" ;; esac
kill_children "$web" sonata-web
wait_for "sonata-web ended" cat team.err
first=$link
for _ in $(seq 100); do link_in team.out; [ "$link" != "$first" ] && break; sleep 0.1; done
expect 0 '"name":"mine"' ask "$link" /searches
kill -TERM "$web"
wait "$web" || fail "sonata web did not end in order"
echo "$checks checks passed"
