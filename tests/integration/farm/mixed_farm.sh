#!/usr/bin/env bash
# One search over two board types: accuracy and energy on a pretended Jetson (the engine, with an ina3221 of a fake sysfs tree whose reading moves) and latency from an
# external evaluator. Shows that energy reaches the front with its scope, that a board without a sensor is not taken for it, and that a failing sensor makes a measurement
# invalid without ending anything. Windows are shortened; on a busy machine sensor gaps occur and are measured again.
set -u
bin=$(cd "${1:?usage: mixed_farm.sh BIN SOURCE}" && pwd) source=$(cd "$2" && pwd) || exit 1
[ -d /usr/share/datasets/fashion-mnist ] || { echo "skipped: the data set is not installed"; exit 77; }
[ -s "$source/deploy/supernets/fmnist-mbconv-v1.safetensors" ] || { echo "skipped: there is no supernet"; exit 77; }
for program in sonata sonata-master sonata-worker; do [ -x "$bin/$program" ] || { echo "skipped: $program is not built"; exit 77; }; done
. "$source/tests/integration/farm/fake_jetson.sh"
need_sampling
work=$(mktemp -d /tmp/sonata-farm-XXXXXX) && cd "$work" || exit 1
pids=
finish() {
  # shellcheck disable=SC2086 # a list of process ids
  [ -z "$pids" ] || kill $pids 2>/dev/null
  wait 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; tail -n 8 worker.log master.log >&2 2>/dev/null; exit 1; }

fake_jetson tree
pids="$pids $!"

printf '#!/bin/sh\nn=${#1}\necho "SONATA-RESULT {\\"samples_us\\":[$((n*10)),$((n*10+1)),$((n*10+2))]}"\n' > evaluate.sh
chmod +x evaluate.sh
cat > worker.yaml <<END
name: bench
master: ipc://$work/w.sock
state: $work/worker
tiers:
  - {name: search, warmup: 50ms, warmup_window: 20ms, warmup_cap: 500ms, window: 150ms, windows: 5, cap: 2s}
boards:
  - {id: orin-1, type: orin, backend: engine, canary: functional, datasets: [fashion-mnist], sysfs: $work/tree, power: {driver: hwmon, max_hz: 10}}
  - {id: lab-1, type: lab, backend: command, command: {tool: custom, command: "$work/evaluate.sh {genotype}"}}
END
search() { # search FILE ENERGY_BOARD
  cat > "$1" <<END
name: farm
space: fmnist-mbconv
objectives:
  - {metric: accuracy, board: orin, goal: max}
  - {metric: energy, board: $2, goal: min}
  - {metric: latency, board: lab, goal: min}
algorithm: {name: nsga2, population: 8}
budget: {evaluations: 20}
evaluation: {tier: search, dataset: fashion-mnist, supernet: fmnist-mbconv-v1}
seed: 3
END
}
search good.yaml orin
search bad.yaml lab

"$bin/sonata-worker" --config worker.yaml --check-config || fail "worker.yaml"
"$bin/sonata-master" --state master --worker-endpoint "ipc://$work/w.sock" --client-endpoint "ipc://$work/c.sock" > master.log 2>&1 & pids="$pids $!"
"$bin/sonata-worker" --config worker.yaml > worker.log 2>&1 & worker=$!; pids="$pids $worker"
export SONATA_SERVER=ipc://$work/c.sock
for _ in $(seq 150); do
  "$bin/sonata" boards 2>/dev/null | grep -q "energy_dynamic" && break
  sleep 0.2
done
"$bin/sonata" boards | grep -q "orin-1.*energy" || fail "the Jetson does not offer energy"
"$bin/sonata" boards | grep "lab-1" | grep -q energy && fail "the evaluator offers energy"

"$bin/sonata" submit good.yaml || fail "submit"
for _ in $(seq 240); do
  "$bin/sonata" list | grep -q "farm *done" && break
  sleep 1
done
"$bin/sonata" list
"$bin/sonata" list | grep -q "farm *done" || fail "the search did not end"
kill -0 $worker || fail "the worker died"
"$bin/sonata" export --format csv --all > all.csv || fail "export"
column=$(head -n 1 all.csv | tr ',' '\n' | grep -nx "energy@orin" | cut -d: -f1)
[ -n "$column" ] || fail "there is no column energy@orin in $(head -n 1 all.csv)"
measured=$(tail -n +2 all.csv | cut -d, -f"$column" | grep -c '^[0-9.e-]*[1-9]')
echo "$measured individuals have an energy; $(grep -c 'outcome=invalid' worker.log) attempts were invalid and repeated"
[ "$measured" -ge 10 ] || fail "only $measured of 20 have an energy"
# 5 W for some hundred microseconds: between 0.05 and 50 mJ, whatever this machine does.
tail -n +2 all.csv | cut -d, -f"$column" | awk '$1 != "" && ($1 < 0.01 || $1 > 100) { bad = 1 } END { exit bad }' || fail "an energy is out of reason"
grep -q "outcome=infra" worker.log && fail "a board was blamed: $(grep -m 1 outcome=infra worker.log)"

# A board type without a sensor is refused, with what it does supply; a type that never came is waited for, and the list says so.
"$bin/sonata" submit bad.yaml > refused.txt 2>&1 && fail "energy of a board without a sensor was accepted"
grep -q "config: no board supplies 'energy' on a board of type lab; type lab (lab-1) supplies latency" refused.txt || fail "refused with: $(cat refused.txt)"
search later.yaml pi5
"$bin/sonata" submit later.yaml || fail "a search for a board to come was refused"
for _ in $(seq 50); do
  "$bin/sonata" show 2 > later.txt && grep -q "waiting for a board of type pi5" later.txt && break
  sleep 0.2
done
grep -q "waiting for a board of type pi5 that supplies energy.*no board of that type has ever registered" later.txt || fail "show says: $(cat later.txt)"
echo "passed"
