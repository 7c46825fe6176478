#!/usr/bin/env bash
# The arm64 worker (or of another ARCH) under emulation registers with a master here and measures sub-networks of the shipped supernet. Accuracies must be those a worker of this
# host finds for the same networks, logits equal within 1e-4. worker.sh SOURCE_FOLDER BUILD_FOLDER CROSS_BUILD_FOLDER [ARCH]
set -u
source=${1:?} build=${2:?} cross=${3:?} arch=${4:-arm64}
. "$(dirname "$0")/common.sh"
need_cross "$cross/bin/sonata-worker" "$cross/bin/cross_logits"
supernet=$source/deploy/supernets/fmnist-mbconv-v1.safetensors
[ -r "$supernet" ] || skip "the supernet fmnist-mbconv-v1 is not there"
export SONATA_SHARE=$source/deploy OPENBLAS_NUM_THREADS=1
PATH=$build/bin:$PATH
enter_work cross
small_dataset "$work/datasets" 128 100
export SONATA_DATASETS=$work/datasets

# 1. Logits of six networks, eight pictures each, by both executors.
logits=(cross_logits fmnist-mbconv "$supernet" fashion-mnist)
"${logits[@]}" > here.txt || fail "cross_logits here"
on_board "$cross/bin/${logits[0]}" "${logits[@]:1}" > there.txt || fail "cross_logits on $arch"
paste -d' ' here.txt there.txt | awk '
  { half = NF / 2
    if (NF != 26 || $1 $2 $3 != $(half + 1) $(half + 2) $(half + 3)) { print "line " NR " does not match: " $0; bad = 1; exit }
    for (i = 4; i <= half; i++) { d = $i - $(i + half); d = d < 0 ? -d : d; if (d > max) max = d; n++; if ($i != 0) nonzero++ } }
  END { printf "%d logits, largest difference %g\n", n, max; exit bad || n != 960 || nonzero < n || !(max <= 1e-4) }' || fail "logits differ"

# 2. A master here, a worker of each kind, the same search on each.
cat > worker.yaml << END
name: NAME
master: ipc://$work/w.sock
state: $work/NAME
tiers:
  - {name: screen, warmup: 20ms, warmup_window: 20ms, warmup_cap: 200ms, window: 50ms, windows: 3, cap: 1s}
boards:
  - {id: NAME-1, type: NAME, backend: engine, canary: functional, datasets: [fashion-mnist], limit: 4m}
END
make_launcher
for name in here pi; do sed "s/NAME/$name/g" worker.yaml > $name.yaml; done
sonata-worker --config here.yaml --launcher "$work/nowhere" 2>&1 | grep -q "launcher.*No such file" || fail "a launcher that is not there is taken"
sonata-master --state master --worker-endpoint "ipc://$work/w.sock" --client-endpoint "ipc://$work/c.sock" > master.log 2>&1 & pids+=($!)
sonata-worker --config here.yaml > here.log 2>&1 & pids+=($!)
"$source/deploy/cross/run.sh" "$arch" "$cross/bin/sonata-worker" --config pi.yaml --launcher "$work/launcher" > pi.log 2>&1 & pids+=($!)
export SONATA_SERVER=ipc://$work/c.sock
for _ in $(seq 300); do
  [ "$(sonata boards 2> /dev/null | grep -cE '^(here|pi)-1 ')" = 2 ] && break
  sleep 0.2
done
sonata boards | grep -q '^pi-1 ' || fail "the worker did not register"
for name in here pi; do
  cat > $name.search.yaml << END
name: $name
space: fmnist-mbconv
objectives:
  - {metric: accuracy, board: $name, goal: max}
  - {metric: latency, board: $name, goal: min}
constraints:
  - {metric: macs, max: 400k}
algorithm: {name: random, population: 4}
budget: {evaluations: 20}
evaluation: {tier: screen, dataset: fashion-mnist, supernet: fmnist-mbconv-v1}
seed: 11
END
  sonata submit $name.search.yaml || fail "submit $name"
done
for _ in $(seq 240); do
  [ "$(sonata list | grep -cE '(here|pi) +done')" = 2 ] && break
  sleep 1
done
sonata list
[ "$(sonata list | grep -cE '(here|pi) +done')" = 2 ] || fail "the searches did not end"
for name in here pi; do
  sonata export "$name" --format csv --all > $name.csv || fail "export $name"
done
column() { head -n 1 "$1" | tr , '\n' | grep -nx -- "$2" | cut -d: -f1; }
figures() { # figures TYPE: genes, params, accuracy of every measured network
  local last
  last=$(($(column "$1.csv" arm) - 1))
  grep ',done,' "$1.csv" | cut -d, -f"$(column "$1.csv" d1)-$last,$(column "$1.csv" "accuracy@$1")" | sort
}
figures here > here.figures
figures pi > pi.figures
[ "$(wc -l < pi.figures)" = 20 ] || fail "$(wc -l < pi.figures) of 20 networks were measured on $arch"
cmp here.figures pi.figures || fail "accuracies differ: $(diff here.figures pi.figures)"
individual=$(grep -m1 ',done,' pi.csv | cut -d, -f"$(column pi.csv id)")
sonata show pi --individual "$individual" | grep -qE 'kernel.* (aarch64|armv7l)' || fail "measurements of the worker do not name its processor: $(sonata show pi --individual "$individual")"
kill -0 "${pids[2]}" || fail "the worker died"
echo "20 networks measured on $arch with the accuracies of this host"
