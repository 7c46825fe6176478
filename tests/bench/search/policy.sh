#!/bin/sh
# A policy trained beforehand: agents learn on seven problems, one search after the other, and start searches on three others with what they know;
# beside them the same agents cold, and the default one. TRAIN=6 searches a problem; AGENTS='sonata:ppo …'.
. "$(dirname "$0")/common.sh"
train=${TRAIN:-6}
accuracy="--space nb201 --table $data/nb201.csv.gz --objective cifar10_test200:max"
# learn ALGORITHM POLICY FIRST_SEED problem…
learn() {
  algorithm=$1
  policy=$2
  first=$3
  shift 3
  known=
  [ ! -e "$policy" ] || known="--policy-in $policy"
  bench "$@" --algorithm "$algorithm" --budget 300 --seeds 1 --first-seed "$first" --reference-evaluations 1000 $known --policy-out "$policy" --quiet >/dev/null
}
for pair in ${AGENTS:-sonata:ppo sonata:linucb sonata+:ppo}; do
  mode=${pair%%:*}
  agent=${pair##*:}
  algorithm="$mode[agent=$agent]"
  policy=$results/$mode-$agent.policy
  rm -f "$policy"
  seed=1001
  while [ $seed -le $((1000 + train)) ]; do
    for column in fpga_latency_ms essential_ph_1_latency_ms macs_cifar10_m params_cifar10_m; do
      learn "$algorithm" "$policy" $seed $accuracy --objective $column:min
    done
    learn "$algorithm" "$policy" $seed --space nb201 --table $data/nb201.csv.gz --objective cifar10_test12:max --objective fpga_energy_mj:min
    for column in macs_m params_m; do
      learn "$algorithm" "$policy" $seed --space ofa-mbv3 --table $data/ofa_mbv3.csv.gz --objective top1:max --fit top1 --objective $column:min --fit $column
    done
    seed=$((seed + 1))
  done
  compared="$algorithm,$mode[agent=$agent,policy=0],$mode[policy=0]"
  run policy-$mode-$agent-d1 $nb201 $raspi4 --policy-in "$policy" --algorithm "$compared" --budget 400 --at 100,200,400
  run policy-$mode-$agent-eyeriss $accuracy --objective eyeriss_latency_ms:min --policy-in "$policy" --algorithm "$compared" --budget 400 --at 100,200,400
  run policy-$mode-$agent-d3 $ofa $i7 --policy-in "$policy" --algorithm "$compared" --budget 400 --at 100,200,400
done
exit $status
