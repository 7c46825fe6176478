# For the scripts here. source and cross (build folder of the cross-built worker) are set; arch is its architecture, arm64 unless set.
# shellcheck shell=bash disable=SC2154
arch=${arch:-arm64}

skip() {
  echo "skipped: $*" >&2
  exit 77
}

# A folder of its own to work in; it goes at the end, and the processes in `pids` with it.
enter_work() { # enter_work NAME
  work=$(mktemp -d "/tmp/sonata-$1-XXXXXX") && cd "$work" || exit 1
  pids=()
  trap leave_work EXIT
}
leave_work() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null
  wait 2> /dev/null
  rm -rf "$work"
}

fail() {
  echo "FAILED: $*" >&2
  tail -n 8 ./*.log >&2 2> /dev/null
  exit 1
}

need_cross() { # need_cross PROGRAM…: programs of the cross build and the emulator are there
  local program emulator=qemu-aarch64-static
  [ "$arch" = arm64 ] || emulator=qemu-arm-static
  command -v $emulator > /dev/null || skip "$emulator is not installed (deploy/install-deps.sh cross)"
  for program in "$@"; do
    [ -x "$program" ] || skip "$program is not built (test arm64_build says why)"
  done
}

on_board() { # on_board PROGRAM ARGUMENT…
  "$source/deploy/cross/run.sh" "$arch" "$@"
}

# ./launcher, with which an emulated worker starts its board processes.
make_launcher() {
  printf '#!/bin/sh\nexec "%s/deploy/cross/run.sh" %s "$@"\n' "$source" "$arch" > launcher && chmod +x launcher
}

# The first pictures of the data set as one of its own in FOLDER/fashion-mnist: emulation is slow.
small_dataset() { # small_dataset FOLDER TRAIN TEST
  local from part count
  for from in "${SONATA_DATASETS:-/nowhere}" /usr/local/share/datasets /usr/share/datasets; do
    [ ! -d "$from/fashion-mnist" ] || break
  done
  [ -d "$from/fashion-mnist" ] || skip "the data set fashion-mnist is not there"
  mkdir -p "$1/fashion-mnist"
  for part in "train $2" "t10k $3"; do
    read -r part count <<< "$part"
    idx_head "$from/fashion-mnist/$part-images-idx3-ubyte" 00000803 "$count" "0000001c0000001c" 784 > "$1/fashion-mnist/$part-images-idx3-ubyte"
    idx_head "$from/fashion-mnist/$part-labels-idx1-ubyte" 00000801 "$count" "" 1 > "$1/fashion-mnist/$part-labels-idx1-ubyte"
  done
}

idx_head() { # idx_head FILE MAGIC COUNT DIMENSIONS BYTES_OF_ONE: an IDX file of the first COUNT items
  local header hex=$2
  hex+=$(printf %08x "$3")$4
  header=$((${#hex} / 2))
  # shellcheck disable=SC2059,SC2001 # the format is the header's bytes
  printf "$(sed 's/../\\x&/g' <<< "$hex")"
  if [ -r "$1" ]; then cat "$1"; else zcat "$1.gz"; fi | tail -c +$((header + 1)) | head -c $(($3 * $5))
}
