# Shared by the scripts here: `sonata` of this build against a made-up table, in a temporary folder that goes at the end.
# shellcheck shell=bash disable=SC2034
set -u
bin=$(cd "${1:?usage: script BIN_FOLDER}" && pwd) || exit 1
PATH="$bin:$PATH"
work=$(mktemp -d /tmp/sonata-cli-XXXXXX)
checks=0

finish() {
  local children
  children=$(jobs -p)
  # shellcheck disable=SC2086 # a list of process ids
  [ -z "$children" ] || kill -9 $children 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1

fail() {
  echo "FAILED: $*" >&2
  for log in "$work"/*.sonata/*.log "$work"/*/*.log; do
    [ -s "$log" ] && { echo "--- $log" >&2; tail -n 5 "$log" >&2; }
  done
  exit 1
}

# expect EXIT_CODE TEXT COMMAND…: runs it, checks the code and that the output (both streams) holds TEXT. Output stays in $out.
expect() {
  local code=$1 text=$2 got
  shift 2
  out=$("$@" 2>&1)
  got=$?
  checks=$((checks + 1))
  [ "$got" = "$code" ] || fail "'$*' ended with $got, expected $code; it said: $out"
  case "$out" in
    *"$text"*) ;;
    *) fail "'$*' should say '$text'; it said: $out" ;;
  esac
}

contains() { # contains FILE TEXT
  checks=$((checks + 1))
  grep -qF -- "$2" "$1" || fail "$1 should hold '$2'"
}

# Until COMMAND says TEXT (a pattern of grep). What it said last stays in $out.
wait_for() { # wait_for TEXT COMMAND…
  local text=$1
  shift
  for _ in $(seq 200); do
    out=$("$@" 2>&1)
    grep -q -- "$text" <<< "$out" && { checks=$((checks + 1)); return; }
    sleep 0.2
  done
  fail "'$*' never said '$text'; it says: $out"
}

# Process ids of the children of PID, or only those of one program.
children_of() { # children_of PID [PROGRAM]
  local child
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
    [ -z "${2:-}" ] || [ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ] && echo "$child"
  done
}

kill_children() { # kill_children PID [PROGRAM]
  local child
  for child in $(children_of "$@"); do
    kill -9 "$child" 2>/dev/null
  done
}

# A space of four genes with 4^4 architectures and a table of all of them.
cat > space.yaml <<'S'
name: four
genes:
  - {name: a, ordinal: true, choices: [1, 2, 3, 4]}
  - {name: b, ordinal: true, choices: [1, 2, 3, 4]}
  - {name: c, ordinal: true, choices: [1, 2, 3, 4]}
  - {name: d, choices: [red, green, blue, grey]}
S
awk 'BEGIN {
  print "a,b,c,d,acc,lat"
  split("red green blue grey", word, " ")
  for (a = 1; a <= 4; a++) for (b = 1; b <= 4; b++) for (c = 1; c <= 4; c++) for (d = 1; d <= 4; d++)
    printf "%d,%d,%d,%s,%.4f,%.4f\n", a, b, c, word[d], 60 + 5 * a + 3 * b + c - (a - d) ^ 2, 1 + 0.7 * a + 0.4 * b * c + 0.1 * d
}' > table.csv

search_file() { # search_file NAME EVALUATIONS [EXTRA_LINES]
  cat <<S
name: $1
space: ./space.yaml
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: bench, goal: min}
algorithm: {name: nsga2, population: 10, options: [{name: order, value: proposal}]}
budget: {evaluations: $2}
boards: ["bench:table:table.csv,accuracy=acc,latency=lat,delay=${delay:-0ms}"]
seed: 3
${3:-}
S
}

# A master with CURVE on ports of its own, state in m, and further options.
start_master() {
  sonata-master "$@" --state m --worker-endpoint "${worker_endpoint:-tcp://127.0.0.1:0}" --client-endpoint "${client_endpoint:-tcp://127.0.0.1:0}" >> m.log 2>&1 &
  master=$!
  for _ in $(seq 100); do
    [ -s m/endpoints ] && break
    sleep 0.1
  done
  [ -s m/endpoints ] || fail "the master did not start: $(cat m.log)"
  worker_port=$(grep -o 'tcp://[^ ]*' m/endpoints | sed -n 1p)
  SONATA_SERVER=$(grep -o 'tcp://[^ ]*' m/endpoints | sed -n 2p)
  export SONATA_SERVER
}

# A team with one key, NAME.key.
add_team() { # add_team TEAM NAME
  expect 0 "is set" as m/admin.key teams set "$1"
  expect 0 "key of" as m/admin.key keys new "$2" --team "$1"
}

# kill -9, and started again on the same ports with further OPTIONS.
restart_master() { # restart_master [OPTION…]
  kill -9 "$master"
  wait "$master" 2> /dev/null || true
  rm -f m/endpoints
  sonata-master --state m --worker-endpoint "$worker_port" --client-endpoint "$SONATA_SERVER" "$@" >> m.log 2>&1 &
  master=$!
  for _ in $(seq 100); do
    [ -s m/endpoints ] && return
    sleep 0.1
  done
  fail "the master did not start again: $(cat m.log)"
}

as() { # as KEY_FILE COMMAND…: sonata with that key
  local key=$1
  shift
  sonata "$@" --key "$key" --patience "${patience:-10s}"
}
