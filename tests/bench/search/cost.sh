#!/bin/sh
# Screening: latency costs 0.005 of an evaluation; the budget is one of cost. `sonata+` screens, screening=1 is the search without.
. "$(dirname "$0")/common.sh"
both="--algorithm sonata+,sonata+[screening=1] --budget 200 --at 100,200"
eyeriss="--objective eyeriss_latency_ms:min"
run cost_d1 $nb201 $raspi4 $both --cost raspi4_latency_ms=0.005
run cost_eyeriss $nb201 $eyeriss $both --cost eyeriss_latency_ms=0.005
run cost_d2 $nb201 $raspi4 --objective fpga_energy_mj:min --ideal fpga_energy_mj=7.93072 --reference fpga_energy_mj=49.08742 $both --cost raspi4_latency_ms=0.005 --cost fpga_energy_mj=0.005
run cost_d1_shuffled $nb201 $raspi4 $both --cost raspi4_latency_ms=0.005 --shuffle raspi4_latency_ms
run cost_d1_equal $nb201 $raspi4 $both --cost raspi4_latency_ms=0.5

exit $status
