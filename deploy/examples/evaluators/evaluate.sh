#!/bin/sh
# Smallest evaluator of the `custom` tool: measures whatever program runs your model and answers with one SONATA-RESULT line (docs/ADAPTERS.md).
#
#   command: evaluate.sh {model} {min_inferences} -- /opt/mytool/run --threads={threads}
#
# Everything after -- is started once per inference with the model's path as its last argument. Starting a process is part of each time, so this is for
# models of tens of milliseconds and more; for less, let the program itself time its inferences and print `samples_us`.
# Needs: POSIX sh, date with nanoseconds (GNU coreutils). No network, no temporary files.
set -eu

fail() { # outcome reason
    printf 'SONATA-RESULT {"outcome":"%s","reason":"%s"}\n' "$1" "$2"
    exit 1
}

# The program's own failure: whoever calls takes the code and the last line of stderr; only "infra" in a result line would blame the board.
broken() {
    echo "the program ended with code $1" >&2
    exit 1
}

[ $# -ge 4 ] && [ "$3" = -- ] || fail config "usage: evaluate.sh MODEL INFERENCES -- PROGRAM [ARGUMENT...]"
model=$1
inferences=$2
shift 3
case $inferences in '' | *[!0-9]* | 0) fail config "the number of inferences is not a positive number" ;; esac
[ -r "$model" ] || fail config "the model cannot be read"
command -v "$1" >/dev/null 2>&1 || fail config "the program is not installed"

now_us() { # microseconds; 10# is not POSIX, so the digits are cut before arithmetic
    ns=$(date +%s%N)
    case $ns in *N) fail config "date has no nanoseconds: install coreutils" ;; esac
    echo "${ns%???}"
}

i=0
while [ $i -lt 3 ]; do # warm caches and clocks
    "$@" "$model" >/dev/null || broken $?
    i=$((i + 1))
done

samples=
i=0
while [ $i -lt "$inferences" ]; do
    begin=$(now_us)
    "$@" "$model" >/dev/null || broken $?
    end=$(now_us)
    samples="$samples${samples:+,}$((end - begin))"
    i=$((i + 1))
done
printf 'SONATA-RESULT {"samples_us":[%s]}\n' "$samples"
