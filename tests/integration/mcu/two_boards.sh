#!/usr/bin/env bash
# A search over fmnist-mbconv with three objectives (int8 accuracy, device ticks, peak RAM) on two emulated Cortex-M boards, through the
# whole system to a Pareto front, twice: every architecture must get the same figures again, whichever board it went to.
#
#   two_boards.sh BUILD_FOLDER SOURCE_FOLDER
set -u
build=$(cd "${1:?usage: two_boards.sh BUILD_FOLDER SOURCE_FOLDER}" && pwd) || exit 1
source=$(cd "${2:?usage: two_boards.sh BUILD_FOLDER SOURCE_FOLDER}" && pwd) || exit 1
image=$build/firmware/sonata-mps2-an386.elf

skip() {
  echo "skipped: $*" >&2
  exit 77
}
command -v qemu-system-arm > /dev/null || skip "qemu-system-arm is not installed"
[ -r "$image" ] || skip "no firmware image (clang and lld are needed)"
[ -r "$source/deploy/supernets/fmnist-mbconv-v1.safetensors" ] || skip "the supernet fmnist-mbconv-v1 is not there"
[ -d "${SONATA_DATASETS:-/usr/share/datasets}/fashion-mnist" ] || [ -d /usr/local/share/datasets/fashion-mnist ] ||
  skip "the data set fashion-mnist is not there"

export SONATA_SHARE="${SONATA_SHARE:-$source/deploy}" OPENBLAS_NUM_THREADS=1
PATH="$build/bin:$PATH"
work=$(mktemp -d /tmp/sonata-mcu-XXXXXX)
boards=()
finish() {
  [ ${#boards[@]} -eq 0 ] || kill -9 "${boards[@]}" 2> /dev/null
  rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1

fail() {
  echo "FAILED: $*" >&2
  for log in "$work"/*.sonata/*.log; do
    [ -s "$log" ] && { echo "--- $log" >&2; tail -n 8 "$log" >&2; }
  done
  exit 1
}

for i in 1 2; do
  "$source/worker/firmware/qemu-board.sh" mps2-an386 "$image" "$work/board$i" 2> /dev/null &
  boards+=($!)
done

search_file() { # search_file NAME
  cat << END
name: $1
space: fmnist-mbconv
objectives:
  - {metric: accuracy, board: m4, goal: max}
  - {metric: ticks, board: m4, goal: min}
  - {metric: ram_activation, board: m4, goal: min}
constraints:
  - {metric: macs, max: 300k}
  - {metric: ram_activation, max: 30Ki}
algorithm: {name: random, population: 4}
budget: {evaluations: 20}
evaluation: {tier: screen, dataset: fashion-mnist, supernet: fmnist-mbconv-v1}
seed: 5
END
}

run_search() { # run_search NAME
  search_file "$1" > "$1.yaml"
  sonata run "$1.yaml" --quiet --no-networks \
    --board "one:mcu,port=$work/board1,type=m4,emulated=yes,samples=1,ram=64Ki,flash=512Ki,ram_runtime=16Ki" \
    --board "two:mcu,port=$work/board2,type=m4,emulated=yes,samples=1,ram=64Ki,flash=512Ki,ram_runtime=16Ki" > "$1.txt" 2>&1 ||
    fail "sonata run $1 ended with $?: $(tail -n 3 "$1.txt")"
}

run_search first
run_search second

column() { # column FILE NAME: its number
  head -n 1 "$1" | tr , '\n' | grep -nx -- "$2" | cut -d: -f1
}
all=first.sonata/all.csv
[ "$(grep -c ',done,' $all)" -eq 20 ] || fail "$(grep -c ',done,' $all) of 20 evaluations are done"
[ "$(grep -c '' first.sonata/front.csv)" -ge 3 ] || fail "the front is empty"
for name in accuracy ticks ram_activation; do
  [ -n "$(column $all "$name@m4")" ] || fail "all.csv has no $name@m4"
done
board=$(column $all board)
[ "$(grep ',done,' $all | cut -d, -f"$board" | sort -u | tr '\n' ' ')" = "one two " ] || fail "both boards should have worked"

# figures (three columns) and genes of every measured architecture, sorted
figures() { # figures FILE
  local first last
  first=$(column "$1" d1)
  last=$(($(column "$1" arm) - 1))
  grep ',done,' "$1" | cut -d, -f"$first-$last,$(column "$1" accuracy@m4),$(column "$1" ticks@m4),$(column "$1" ram_activation@m4)" | sort
}
# the bytes the master computed before it sent anything are the bytes the firmware reports
computed=$(column $all ram_activation) reported=$(column $all ram_activation@m4)
[ -n "$computed" ] || fail "all.csv has no ram_activation"
[ "$(grep ',done,' $all | cut -d, -f"$computed,$reported" | awk -F, '$1 == "" || $1 + 0 != $2 + 0' | wc -l)" -eq 0 ] ||
  fail "computed and reported RAM differ: $(grep ',done,' $all | cut -d, -f"$computed,$reported" | head -n 3)"
figures first.sonata/all.csv > first.figures
figures second.sonata/all.csv > second.figures
common=$(cut -d, -f4- first.figures | sort -u | comm -12 - <(cut -d, -f4- second.figures | sort -u) | wc -l)
[ "$common" -ge 5 ] || fail "only $common architectures are common to the two runs"
[ "$(sort -u first.figures second.figures | cut -d, -f4- | sort | uniq -d | wc -l)" -eq 0 ] ||
  fail "an architecture got other figures the second time: $(diff first.figures second.figures | head -n 6)"
echo "$common architectures measured twice with equal accuracy, ticks and RAM"
sed -n '1,12p' first.txt
