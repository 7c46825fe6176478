#!/usr/bin/env bash
# The quota of a team's uploads and the room they leave on the disk: refused with the remedy, kept over kill -9, given back by removing what nothing uses.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

number_of() { # number_of KEY_FILE NAME COMMAND…: a number of the JSON that sonata prints
  local key=$1 name=$2
  shift 2
  as "$key" "$@" --json | sed -n "s/.*\"$name\":\t\(-\?[0-9]*\).*/\1/p" | head -n 1
}

with_supernet() { # with_supernet FILE: a search on no board that is there
  cat <<S2
name: $1
space: fmnist-mbconv
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: bench, goal: min}
algorithm: {name: random}
budget: {evaluations: 20}
evaluation: {dataset: fashion-mnist, supernet: ./$1.bin}
seed: 3
S2
}

for name in one two three; do
  head -c 600000 /dev/urandom > $name.bin
  with_supernet $name > $name.yaml
done
start_master
add_team vision alice
add_team audio bob
[ "$(number_of alice.key uploads_max teams)" = 8589934592 ] || fail "a new team may not have 8 GiB of uploads"
expect 0 "is set" as m/admin.key teams set vision --uploads 1Mi
expect 0 "is set" as m/admin.key teams set vision --weight 2
[ "$(number_of alice.key uploads_max teams)" = 1048576 ] || fail "the quota of uploads did not stay"

# the second one is over the quota, before its first byte is kept; another team is not in its way
expect 0 "search 1" as alice.key submit one.yaml
expect 5 "sonata uploads prune" as alice.key submit two.yaml
contains <(echo "$out") "has 0.6 MiB of uploads and may have 1.0 MiB"
contains <(echo "$out") "teams set vision --uploads"
[ "$(number_of alice.key uploaded_bytes teams)" = 600000 ] || fail "a refused upload counts"
expect 0 "search 1" as bob.key submit two.yaml
expect 0 "search 2" as alice.key submit one.yaml # there already: counted once
[ "$(number_of alice.key uploaded_bytes teams)" = 600000 ] || fail "an upload counts twice"

# a team sees and removes its own, and nothing that a search still needs
hash=$(as alice.key uploads --json | sed -n 's/.*"hash":\t"\([0-9a-f]*\)".*/\1/p')
expect 5 "a search that is not finished uses it" as alice.key uploads remove "${hash:0:12}"
expect 3 "no upload begins with" as bob.key uploads remove "$hash"
expect 3 "no upload begins with" as alice.key uploads remove abcdefgh
expect 2 "needs an UPLOAD" as alice.key uploads remove
expect 0 "0 uploads removed" as alice.key uploads prune
[ "$(as m/admin.key uploads --json | grep -c '"hash"')" = 2 ] || fail "an admin sees the uploads of all"

# all of it after kill -9; then it is given back
restart_master
[ "$(number_of alice.key uploaded_bytes teams)" = 600000 ] || fail "kill -9 changed what counts"
expect 5 "sonata uploads prune" as alice.key submit two.yaml
expect 0 "search" as alice.key cancel 1
expect 0 "search" as alice.key cancel 2
expect 0 "1 upload removed, 0.6 MiB" as alice.key uploads prune
expect 0 "upload ${hash:0:16} removed" as m/admin.key audit
[ "$(number_of alice.key uploaded_bytes teams)" = 0 ] || fail "what was removed counts"
expect 0 "search 3" as alice.key submit two.yaml
expect 0 "is set" as m/admin.key teams set vision --uploads 0
expect 0 "search 4" as alice.key submit three.yaml
restart_master
[ "$(number_of alice.key uploaded_bytes teams)" = 1200000 ] || fail "kill -9 changed what counts"

# bob's two is alice's two, too: it stays for her when he removes his
expect 0 "search" as bob.key cancel 1
expect 0 "1 upload removed" as m/admin.key uploads prune
expect 0 "no uploads" as bob.key uploads
[ "$(number_of alice.key uploaded_bytes teams)" = 1200000 ] || fail "an upload that a search uses was pruned"

# the disk keeps its reserve, whatever the quota says
restart_master --upload-reserve 900000Gi
expect 1 "of which uploads leave" as bob.key submit one.yaml
kill "$master"
wait "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
contains <(sonata-master --state m --check) "blob_pool        2"
echo "$checks checks"
