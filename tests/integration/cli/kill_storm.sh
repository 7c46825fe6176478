#!/usr/bin/env bash
# 40 random kills in less than five minutes, of the worker, of the master, of everything: the search ends within twice the time of an undisturbed one, no board is
# quarantined and no candidate fails. $SONATA_STORM: seconds of an undisturbed search (150); $SONATA_TEST_SEED repeats the moments.
# shellcheck disable=SC2034 # read by search_file
seconds=${SONATA_STORM:-150}
delay=1s
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
seed=${SONATA_TEST_SEED:-$$}
RANDOM=$seed
echo "SONATA_TEST_SEED=$seed"

search_file storm "$seconds" > storm.yaml
begin=$SECONDS
expect 0 "$seconds evaluations" sonata run storm.yaml --state reference
alone=$((SECONDS - begin))

begin=$SECONDS
kills=$((seconds * 40 / 150))
sonata run storm.yaml --state storm >> run.out 2>&1 &
run=$!
for ((i = 0; i < kills; i++)); do
  sleep "$((RANDOM % 10 * alone * 2 / 3 / seconds)).$((RANDOM % 10))" # 3 s in the mean
  [ -d "/proc/$run" ] || break
  case $((i % 3)) in
    0) kill_children "$run" sonata-worker ;;
    1) kill_children "$run" sonata-master ;;
    2)
      kill_children "$run"
      kill -9 "$run" 2>/dev/null
      wait "$run" 2>/dev/null
      sonata run storm.yaml --state storm >> run.out 2>&1 &
      run=$!
      ;;
  esac
done
killed=$i
wait "$run"
code=$?
took=$((SECONDS - begin))
echo "undisturbed $alone s, with $killed kills $took s"
[ "$code" = 0 ] || fail "the search ended with $code: $(tail -3 run.out)"
[ "$took" -le $((2 * alone)) ] || fail "more than twice the time: $(tail -3 run.out)"
[ "$(wc -l < storm/all.csv)" = $((seconds + 1)) ] || fail "$(wc -l < storm/all.csv) lines instead of $((seconds + 1))"
columns='{ print $1, $4, $8, $(NF-13), $(NF-12), $(NF-11), $(NF-10) }'
diff <(awk -F, "$columns" reference/front.csv) <(awk -F, "$columns" storm/front.csv) > /dev/null || fail "the front differs"
if grep -rh "board quarantined" storm/ --include='*.log'; then fail "a board was quarantined"; fi
