#!/usr/bin/env bash
# Quotas of teams and priorities within one, at a real master with two boards: held back, said so, kept over kill -9, lifted.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

number_of() { # number_of KEY_FILE NAME COMMAND…: a number of the JSON that sonata prints
  local key=$1 name=$2
  shift 2
  as "$key" "$@" --json | sed -n "s/.*\"$name\":\t\(-\?[0-9]*\).*/\1/p" | head -n 1
}

start_master
for team in vision audio; do
  expect 0 "is set" as m/admin.key teams set "$team"
  expect 0 "key of" as m/admin.key keys new "key-$team" --team "$team"
done
expect 0 "key of pi" as m/admin.key keys new pi --role worker
for worker in one two; do
  sonata-worker --master "$worker_port" --key pi.key --state "$worker" --name "$worker" \
    --board "$worker:table:table.csv,accuracy=acc,latency=lat,delay=100ms,type=bench" > "$worker.log" 2>&1 &
done
wait_for "two" as m/admin.key boards

# what is not given stays as it is; a team sees its own line only
expect 0 "is set" as m/admin.key teams set vision --weight 2 --searches 5
expect 0 "is set" as m/admin.key teams set vision --boards 1
[ "$(number_of key-audio.key weight teams)" = 1 ] || fail "audio is not of ordinary weight"
[ "$(number_of key-vision.key weight teams)" = 2 ] || fail "setting a quota changed the weight"
[ "$(number_of key-vision.key searches_max teams)" = 5 ] || fail "setting a quota changed the number of searches"
[ "$(number_of key-vision.key boards_max teams)" = 1 ] || fail "the quota of boards is not there"
case "$(as key-vision.key teams)" in *audio*) fail "vision sees audio's quotas" ;; esac
expect 5 "admin key" as key-vision.key teams set vision --boards 9
expect 2 "expected" as m/admin.key teams set vision --boards -1
expect 2 "--no-share" as m/admin.key teams set vision --share --no-share

# boards at a time: vision is held to one of two and says so; audio is not in its way
search_file long 220 > long.yaml
search_file short 20 > short.yaml
search_file urgent 60 | sed "s/^seed:.*/seed: 11/" > urgent.yaml # networks of its own, not those of long
expect 0 "search 1" as key-vision.key submit long.yaml
wait_for "waits: team quota of 1 board is in use" as key-vision.key show 1
[ "$(number_of key-vision.key boards teams)" = 1 ] || fail "vision uses $(number_of key-vision.key boards teams) boards, its quota is 1"
expect 0 "search 1" as key-audio.key submit short.yaml
as key-audio.key watch 1 > /dev/null
expect 0 "done" as key-audio.key show 1
[ "$(number_of key-vision.key boards teams)" = 1 ] || fail "vision uses more boards than its quota"

# priority within the team: 2 overtakes 1 from its first evaluation on; a file may say it, too
expect 2 "expected" as key-vision.key priority 1 101
expect 2 "expected" as key-vision.key priority 1 high
before=$(number_of key-vision.key evaluations show 1)
expect 0 "search 2" as key-vision.key submit urgent.yaml --priority 5
[ "$(number_of key-vision.key priority show 2)" = 5 ] || fail "the priority of 2 is not 5"
as key-vision.key watch 2 > /dev/null
expect 0 "done" as key-vision.key show 2
between=$(($(number_of key-vision.key evaluations show 1) - before))
[ "$between" -le 45 ] || fail "1 had $between evaluations while 2, which goes before it, had 60" # some after the end of 2, on a slow machine
expect 0 "search 1" sonata priority --key key-vision.key 1 -- -7
[ "$(number_of key-vision.key priority show 1)" = -7 ] || fail "the priority of 1 is not -7"
expect 3 "no search 'long'" as key-audio.key priority long 5
expect 5 "it wants no more boards" as key-vision.key priority 2 1
search_file said 20 "priority: 101" > wrong.yaml
expect 2 "from -100 to 100" sonata check wrong.yaml
search_file said 20 "priority: 3" > said.yaml
expect 0 "search 3" as key-vision.key submit said.yaml
[ "$(number_of key-vision.key priority show 3)" = 3 ] || fail "the file's priority is not heeded"

# board time a day: audio has used its quota, says so, also after kill -9, and goes on when it is lifted
expect 0 "is set" as m/admin.key teams set audio --hours-per-day 0.001
expect 0 "search 2" as key-audio.key submit long.yaml
wait_for "waits: team quota of 0.001 board-hours per day is used" as key-audio.key show 2
for _ in $(seq 100); do # what runs comes in
  [ "$(number_of key-audio.key boards teams)" = 0 ] && break
  sleep 0.1
done
used=$(number_of key-audio.key day_ns teams) told=$(number_of key-audio.key evaluations show 2)
kill -9 "$master"
wait "$master" 2> /dev/null
rm -f m/endpoints
worker_endpoint=$worker_port client_endpoint=$SONATA_SERVER start_master
[ "$(number_of key-audio.key day_ns teams)" = "$used" ] || fail "the day's use was $used and is $(number_of key-audio.key day_ns teams) after kill -9"
expect 0 "waits: team quota of 0.001" as key-audio.key show 2
wait_for "two" as m/admin.key boards
sleep 1
[ "$(number_of key-audio.key evaluations show 2)" = "$told" ] || fail "audio went on over its quota"
[ "$(number_of key-vision.key priority show 1)" = -7 ] || fail "the priority of 1 was lost with kill -9"
expect 0 "is set" as m/admin.key teams set audio --hours-per-day 0
for _ in $(seq 100); do
  [ "$(number_of key-audio.key evaluations show 2)" -gt "$told" ] && break
  sleep 0.1
done
[ "$(number_of key-audio.key evaluations show 2)" -gt "$told" ] || fail "the quota is lifted but audio's search does not go on"

# the disk: audio has all that it may, waits and says so; vision goes on; a bit more, and audio does too
[ "$(number_of key-audio.key disk_max teams)" = 8589934592 ] || fail "a new team may not have 8 GiB of the disk"
expect 0 "is set" as m/admin.key teams set audio --disk 1
wait_for "waits: the searches of team audio take" as key-audio.key show 2
expect 0 "of the store: all that it may" as m/admin.key status
expect 5 "sonata teams set audio --disk" as key-audio.key submit short.yaml
expect 5 "sonata teams set audio --disk" as key-audio.key extend 1 5
[ "$(number_of key-audio.key disk_bytes teams)" -gt 10000 ] || fail "audio's searches take no room"
for _ in $(seq 100); do # what runs comes in
  [ "$(number_of key-audio.key boards teams)" = 0 ] && break
  sleep 0.1
done
told=$(number_of key-audio.key evaluations show 2)
before=$(number_of key-vision.key evaluations show 3)
for _ in $(seq 100); do
  [ "$(number_of key-vision.key evaluations show 3)" -gt "$before" ] && break
  sleep 0.1
done
[ "$(number_of key-vision.key evaluations show 3)" -gt "$before" ] || [ "$before" = 20 ] || fail "vision waits for audio's quota"
[ "$(number_of key-audio.key evaluations show 2)" = "$told" ] || fail "audio went on over its quota of the disk"
expect 0 "is set" as m/admin.key teams set audio --disk 1Gi
for _ in $(seq 100); do
  [ "$(number_of key-audio.key evaluations show 2)" -gt "$told" ] && break
  sleep 0.1
done
[ "$(number_of key-audio.key evaluations show 2)" -gt "$told" ] || fail "the quota is raised but audio's search does not go on"
kill "$master"
wait "$master" 2> /dev/null
expect 0 "no problems found" sonata-master --state m --check
echo "$checks checks"
