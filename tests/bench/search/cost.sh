#!/bin/sh
# Screening: latency costs 0.005 of an evaluation; the budget is one of cost. Against what the default was before screening and counting.
. "$(dirname "$0")/common.sh"
both="--algorithm sonata+,sonata+[families=off;screening=1] --budget 200 --at 100,200"
eyeriss="--objective eyeriss_latency_ms:min"
run cost_d1 $nb201 $raspi4 $both --cost raspi4_latency_ms=0.005
run cost_eyeriss $nb201 $eyeriss $both --cost eyeriss_latency_ms=0.005
run cost_d2 $nb201 $raspi4 --objective fpga_energy_mj:min --ideal fpga_energy_mj=7.93072 --reference fpga_energy_mj=49.08742 $both --cost raspi4_latency_ms=0.005 --cost fpga_energy_mj=0.005
run cost_d1_shuffled $nb201 $raspi4 $both --cost raspi4_latency_ms=0.005 --shuffle raspi4_latency_ms
run cost_d1_equal $nb201 $raspi4 $both --cost raspi4_latency_ms=0.5
run cost_d3 $ofa $i7 $both --cost i7_8700k_latency_ms=0.005
run cost_d4 $ofa --objective i7_8700k_latency_ms:min --objective macs_m:min --fit macs_m --ideal top1=22.422893 --reference top1=24.604889 \
  --ideal i7_8700k_latency_ms=6.765468 --reference i7_8700k_latency_ms=22.299134 --ideal macs_m=121.278672 --reference macs_m=452.44645 $both \
  --cost i7_8700k_latency_ms=0.005 --cost macs_m=0.005
# four training slots of an hour and eight boards of 20 seconds; one unit of time is an hour
run cost_pool $nb201 $raspi4 --cost raspi4_latency_ms=0.00555556 --pool cifar10_test200=4 --pool raspi4_latency_ms=8 --delay lognormal:0.3 \
  --algorithm "sonata+,sonata+[families=off;screening=1]" --budget 240 --at 100,200

exit $status
