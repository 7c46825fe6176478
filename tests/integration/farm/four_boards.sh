#!/usr/bin/env bash
# One search over four kinds of board at once: accuracy on this host's engine, latency on an arm64 worker under emulation and on emulated Cortex-M4s, latency and
# energy on a pretended Jetson. Every network of the front has been on all of them. four_boards.sh BUILD_FOLDER SOURCE_FOLDER
#
# The boards share this machine's CPUs, which none of them would outside a test: timed side by side they find each other contended, and results that were never
# valid count as noisy; no board is set aside for it. Networks are small, for the emulated serial line. The Jetson's core is left to it.
set -u
build=$(cd "${1:?usage: four_boards.sh BUILD_FOLDER SOURCE_FOLDER}" && pwd) source=$(cd "$2" && pwd) || exit 1
cross=$build/arm64 image=$build/firmware/sonata-mps2-an386.elf supernet=$source/deploy/supernets/fmnist-mbconv-v1.safetensors
. "$source/tests/integration/cross/common.sh"
. "$source/tests/integration/farm/fake_jetson.sh"
need_cross "$cross/bin/sonata-worker"
command -v qemu-system-arm > /dev/null || skip "qemu-system-arm is not installed"
[ -r "$image" ] || skip "there is no firmware image (clang and lld are needed)"
[ -r "$supernet" ] || skip "the supernet fmnist-mbconv-v1 is not there"
[ "$(nproc)" -ge 2 ] || skip "two CPUs are needed"
need_sampling
export SONATA_SHARE=$source/deploy OPENBLAS_NUM_THREADS=1
PATH=$build/bin:$PATH
enter_work farm
small_dataset "$work/datasets" 64 200
export SONATA_DATASETS=$work/datasets

fake_jetson tree; pids+=($!)
for i in 1 2; do "$source/worker/firmware/qemu-board.sh" mps2-an386 "$image" "$work/m4-$i" 2> qemu.log & pids+=($!); done # the slowest: two of them
tiers='tiers:
  - {name: search, warmup: 20ms, warmup_window: 20ms, warmup_cap: 200ms, window: 50ms, windows: 5, cap: 500ms}'
cat > lab.yaml << END
name: lab
master: ipc://$work/w.sock
state: $work/lab
$tiers
boards:
  - {id: host-1, type: host, backend: engine, core: 0, datasets: [fashion-mnist]}
  - {id: orin-1, type: orin, backend: engine, core: 1, datasets: [fashion-mnist], sysfs: $work/tree, power: {driver: hwmon, max_hz: 10}}
  - {id: m4-1, type: m4, backend: mcu, mcu: {port: $work/m4-1, emulated: yes, samples: 1, calibration: 64, ram: 64Ki, flash: 512Ki}}
  - {id: m4-2, type: m4, backend: mcu, mcu: {port: $work/m4-2, emulated: yes, samples: 1, calibration: 64, ram: 64Ki, flash: 512Ki}}
END
cat > pi.yaml << END
name: pi
master: ipc://$work/w.sock
state: $work/pi
$tiers
boards:
  - {id: pi-1, type: pi, backend: engine, core: 0, datasets: [fashion-mnist]}
END
cat > farm.yaml << END
name: farm
space: fmnist-mbconv
objectives:
  - {metric: accuracy, board: host, goal: max}
  - {metric: latency, board: pi, goal: min}
  - {metric: latency, board: m4, goal: min}
  - {metric: energy, board: orin, goal: min}
constraints:
  - {metric: flash_weights, max: 14k}
  - {metric: latency, board: orin, max: 100}
algorithm: {name: nsga2, population: 8}
budget: {evaluations: 20}
evaluation: {tier: search, dataset: fashion-mnist, supernet: fmnist-mbconv-v1}
seed: 3
END
make_launcher
sonata-master --state master --worker-endpoint "ipc://$work/w.sock" --client-endpoint "ipc://$work/c.sock" > master.log 2>&1 & pids+=($!)
sonata-worker --config lab.yaml --canary functional > lab.log 2>&1 & lab=$!; pids+=("$lab")
"$source/deploy/cross/run.sh" "$arch" "$cross/bin/sonata-worker" --config pi.yaml --canary functional --launcher "$work/launcher" > pi.log 2>&1 & pi=$!; pids+=("$pi")
export SONATA_SERVER=ipc://$work/c.sock
for _ in $(seq 300); do
  [ "$(sonata boards 2> /dev/null | grep -cE '^(host|orin|m4|pi)-[12] ')" = 5 ] && break
  sleep 0.2
done
[ "$(sonata boards | grep -cE '^(host|orin|m4|pi)-[12] ')" = 5 ] || fail "not all boards came: $(sonata boards)"
[ "$(sonata boards | grep energy | cut -d' ' -f1)" = orin-1 ] || fail "energy is offered by $(sonata boards | grep energy)"

sonata submit farm.yaml || fail "submit"
for _ in $(seq 500); do
  sonata list | grep -qE 'farm +done' && break
  sleep 1
done
sonata list
sonata list | grep -qE 'farm +done' || fail "the search did not end"
kill -0 "$lab" "$pi" || fail "a worker died"
sonata export --format csv --all > all.csv || fail "export"
column() { head -n 1 all.csv | tr , '\n' | grep -nx -- "$1" | cut -d: -f1; }
columns=
for name in accuracy@host latency@orin latency@pi latency@m4 energy@orin; do
  [ -n "$(column $name)" ] || fail "all.csv has no $name"
  columns+=,$(column $name)
done
grep ',done,' all.csv | cut -d, -f"${columns#,}" > figures
grep -cE '^[0-9.e+-]+(,[0-9.e+-]+){4}$' figures > whole
[ "$(cat whole)" -ge 10 ] || fail "only $(cat whole) of 20 networks have been on all four boards: $(cat figures)"
# A front; every value above zero; energies in reason (5 W for a microsecond to some milliseconds, in mJ).
sonata export --format csv > front.csv || fail "export"
[ "$(wc -l < front.csv)" -ge 3 ] || fail "the front has $(wc -l < front.csv) lines"
awk -F, '{ for (i = 1; i <= 5; i++) if (!($i > 0)) bad = 1; if ($5 < 0.0005 || $5 > 100) bad = 1 } END { exit bad }' figures || fail "figures out of reason: $(cat figures)"
individual=$(grep -m1 ',done,' all.csv | cut -d, -f"$(column id)")
sonata show --individual "$individual" > one.txt || fail "show"
for text in ' on host-1 (host) ' ' on orin-1 (orin) ' ' on m4-' ' on pi-1 (pi) ' 'aarch64'; do
  grep -qF "$text" one.txt || fail "individual $individual does not say '$text': $(cat one.txt)"
done
grep -h outcome=infra lab.log pi.log && fail "a board was blamed"
echo "$(cat whole) networks measured on four boards, $(($(wc -l < front.csv) - 1)) on the front; attempts that were invalid and repeated:"
grep -h outcome=invalid lab.log pi.log | sed 's/.*board=\([^ ]*\).*reason="invalid: \([a-z_]*\).*/  \1 \2/' | sort | uniq -c
