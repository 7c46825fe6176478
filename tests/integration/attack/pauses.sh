#!/usr/bin/env bash
# Pauses of 10 to 120 s of master, worker and client, over IPC and TCP, with 64 to 1,024 descriptors, all beside each other: REPEATS of each length and kind.
# Usage: pauses.sh ATTACK_PAUSE BIN [REPEATS, 9: at least 50 of each length] [SECONDS...]
set -u
trap "" HUP # a group that loses its parent while some of it are stopped is hung up on
test=$1 bin=$2 repeats=${3:-9}
shift $(($# < 3 ? $# : 3))
lengths=("$@")
[ ${#lengths[@]} -gt 0 ] || lengths=(10 20 30 45 60 90 120)
descriptors=(64 128 256 1024)
out=$(mktemp -d) n=0 pids=()
for seconds in "${lengths[@]}"; do
    for transport in ipc tcp; do
        for who in master worker client; do
            "$test" "$bin" "$repeats" "$seconds" "$transport" "$who" "${descriptors[n % 4]}" >"$out/$seconds-$transport-$who-${descriptors[n % 4]}" 2>&1 &
            pids+=($!)
            n=$((n + 1))
            sleep 1
        done
    done
done
failed=0
for pid in "${pids[@]}"; do
    wait "$pid" || failed=$((failed + 1))
done
grep -H "" "$out"/* | sed "s|^$out/||" | sort -n
echo "$failed of $n failed"
rm -r "$out"
[ "$failed" = 0 ]
