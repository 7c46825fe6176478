#!/bin/sh
# Are slow networks missed? 16 boards, an evaluation takes as long as the network's latency: rounds against asynchronous search, without and with
# the least used front members as parents (docs/SEARCH.md, section 6). BOARDS=16.
. "$(dirname "$0")/common.sh"
w=${BOARDS:-16}
compared() { echo "$1[generational=1,batch=$w],$1[least-used=off],$1[least-used=on]"; }
for algorithm in nsga2 sonata+; do
  run bias-nb201-$algorithm $nb201 $raspi4 --workers $w --delay column:raspi4_latency_ms --algorithm "$(compared $algorithm)" --budget 300 --at 100,200,300
  run bias-ofa-$algorithm $ofa $i7 --workers $w --delay column:i7_8700k_latency_ms --algorithm "$(compared $algorithm)" --budget 300 --at 100,200,300
done
exit $status
