#!/usr/bin/env bash
# What is the same for every command: help, manual pages, completion, the configuration file, and why no master answers.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
source_dir=$(cd "$(dirname "$0")/../../.." && pwd)
man=$bin/../man
export HOME=$work/home
mkdir -p "$HOME"
unset XDG_CONFIG_HOME SONATA_CLIENT_CONFIG SONATA_SERVER SONATA_KEY

# Every command has help, a page, and a place in sonata(1) and docs/CLI.md.
commands=$(sonata --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<< "$commands")" -ge 26 ] || fail "too few commands: $commands"
for command in $commands; do
  expect 0 "usage: sonata" sonata "$command" --help
  contains "$man/sonata-$command.1" ".SH NAME"
  contains "$man/sonata.1" "\\fB$command\\fR"
  grep -qE "\`($command|[^\`]*\b$command\b[^\`]*)\`" "$source_dir/docs/CLI.md" || fail "docs/CLI.md does not name \`$command\`"
done
command -v mandoc > /dev/null && { mandoc -T lint -W error "$man"/sonata*.1 || fail "a manual page has mistakes"; }
expect 2 "the command comes first: sonata COMMAND --key" sonata --key x.key list
expect 2 "did you mean 'list'" sonata lst

# Completion: commands, options, choices, actions, names of searches and boards, files.
offers() { # offers WORD… : EXPECTED…
  local words=() line
  while [ "$1" != : ]; do words+=("$1"); shift; done
  shift
  out=$(sonata --complete "${words[@]}" 2>&1)
  for line in "$@"; do
    checks=$((checks + 1))
    grep -qxF -- "$line" <<< "$out" || fail "completion of '${words[*]}' should offer '$line': $out"
  done
}
search_file first 30 > first.yaml
expect 0 "30 evaluations" sonata run first.yaml
offers '' : list run supernet --version
offers list -- : --server --state
offers keys '' : list new revoke release
offers keys new --role '' : team worker admin
offers show -s first.sonata '' : first 1
offers show --json --state first.sonata '' : first 1
offers board --state first.sonata '' : bench
offers board bench '' : drain history
offers run '' : :file
offers list --state '' : :folder
# the scripts of the shells say the same
bash -c 'source "$1"; COMP_WORDS=(sonata show --state first.sonata f); COMP_CWORD=4; _sonata; [ "${COMPREPLY[*]}" = first ]' _ \
  "$source_dir/master/cli/completion.bash" || fail "bash completes 'f' to no search"
if command -v zsh > /dev/null; then
  zsh -c 'words=(sonata show --state first.sonata f) CURRENT=5; compadd() { shift; print -l -- "$@"; }; source "$1"' _ "$source_dir/master/cli/completion.zsh" |
    grep -qx first || fail "zsh does not offer the search"
fi

# Why no master answers. What can be known is said at once.
quick() { # quick EXIT_CODE TEXT ARGUMENT…: within two seconds, though the patience is ten
  local start=$SECONDS
  expect "$1" "$2" sonata list "${@:3}"
  [ $((SECONDS - start)) -le 2 ] || fail "'list ${*:3}' took $((SECONDS - start)) s"
}
start_master
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
quick 4 "nothing listens at" --server "tcp://127.0.0.1:$(free_port)"
port=$(free_port)
expect 4 "within 1.0s" sonata list --patience 1s --server "tcp://127.0.0.1:$port" # told how long: the master may be starting
quick 4 "is not known" --server tcp://no-such-host.invalid:7102
quick 5 "wants a key: give --key" --server "$SONATA_SERVER"
quick 5 "wants a key: give --key" --server "$worker_port"
quick 5 "does not accept this key" --server "$worker_port" --key m/admin.key
expect 0 "use it: sonata COMMAND --key adm.key" as m/admin.key keys new adm --role admin
expect 0 "no searches" as adm.key list
expect 0 "adm is revoked" as m/admin.key keys revoke adm
quick 5 "does not accept this key" --server "$SONATA_SERVER" --key adm.key
other=$(sed -n 's/^public: //p' adm.key)
expect 4 "closes the connection" sonata list --key m/admin.key --server-key "$other" --patience 1s
python3 - "$work/ssh" <<'P' &
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5); s.settimeout(60)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
kept = []
while True:
    c, _ = s.accept(); kept.append(c); c.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n" + 64 * b"x")
P
wait_for '^[0-9]' cat ssh
expect 4 "is no master" sonata list --patience 1s --server "tcp://127.0.0.1:$(cat ssh)"

# An admin key belongs to no team.
expect 2 "belongs to no team" as m/admin.key keys new both --role admin --team vision
[ ! -e both.key ] || fail "a refused key left a file"

# The configuration file: which master and key, so that neither need be given. A flag goes before it.
mkdir -p "$HOME/.config/sonata"
cp m/admin.key "$HOME/.config/sonata/lab.key"
printf 'server: %s\nkey: lab.key\n' "$SONATA_SERVER" > "$HOME/.config/sonata/client.yaml"
known=$SONATA_SERVER
unset SONATA_SERVER
expect 0 "no searches" sonata list
expect 4 "nothing listens" sonata list --server "tcp://127.0.0.1:$(free_port)"
expect 0 "first  done" sonata list --state first.sonata
echo "colour: red" >> "$HOME/.config/sonata/client.yaml"
expect 2 "client.yaml:3: unknown key 'colour'" sonata list
printf 'server: %s\nkey: m/admin.key\n' "$known" > here.yaml
SONATA_CLIENT_CONFIG=$work/here.yaml expect 0 "no searches" sonata list
kill "$master"
echo "$checks checks"
