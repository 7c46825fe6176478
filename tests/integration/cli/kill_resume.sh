#!/usr/bin/env bash
# kill -9 of all processes of `sonata run` at random moments, then the same command again: nothing lost, nothing twice, and with results told in
# the order of the proposals the same front as a run that was never killed. Seed of the moments: $SONATA_TEST_SEED.
# shellcheck disable=SC2034 # read by search_file
delay=15ms
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
seed=${SONATA_TEST_SEED:-$$}
RANDOM=$seed
echo "SONATA_TEST_SEED=$seed"

search_file killed 80 > killed.yaml
expect 0 "80 evaluations" sonata run killed.yaml --state reference
kills=0
for _ in 1 2 3 4 5 6; do
  sonata run killed.yaml --state killed >>run.out 2>&1 &
  run=$!
  sleep "0.$((RANDOM % 6 + 2))"
  case $((RANDOM % 3)) in
    0) kill_children "$run"; kill -9 "$run" ;;   # all of them
    1) kill -9 "$run" ;;                        # only the client: its children must go too
    2) kill_children "$run"; sleep 0.3; kill -INT "$run" ;; # the daemons; they come back; then an orderly stop
  esac 2>/dev/null
  wait "$run" 2>/dev/null
  kills=$((kills + 1))
done
expect 0 "80 evaluations" sonata run killed.yaml --state killed
[ "$(wc -l < killed/all.csv)" = 81 ] || fail "$(wc -l < killed/all.csv) lines instead of 81"
[ -z "$(awk -F, 'NR > 1 { print $(NF-13) $(NF-12) $(NF-11) $(NF-10) }' killed/all.csv | sort | uniq -d)" ] || fail "an architecture was proposed twice"
# shellcheck disable=SC2016 # awk's own fields
columns='{ print $1, $4, $8, $(NF-13), $(NF-12), $(NF-11), $(NF-10) }'
diff <(awk -F, "$columns" reference/all.csv) <(awk -F, "$columns" killed/all.csv) >/dev/null || fail "the killed run proposed other architectures than the reference"
diff <(awk -F, "$columns" reference/front.csv) <(awk -F, "$columns" killed/front.csv) >/dev/null || fail "the front differs"
expect 0 "" sonata-master --state killed/master --check
echo "$kills kills, same front"
