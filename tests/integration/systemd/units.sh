#!/usr/bin/env bash
# systemd-analyze: the units are without mistakes, and as closed as is said here (exposure in tenths, smaller is better).
set -u
bin=$(cd "${1:?usage: units.sh BIN_FOLDER UNIT_FOLDER}" && pwd) || exit 1
units=${2:?usage: units.sh BIN_FOLDER UNIT_FOLDER}
command -v systemd-analyze > /dev/null || { echo "systemd-analyze is not installed: skipped"; exit 77; }
work=$(mktemp -d /tmp/sonata-units-XXXXXX)
trap 'rm -rf "$work"' EXIT

check() { # check UNIT MOST_EXPOSURE [DIRECTIVE…]: what it must have besides
  local out
  sed "s,/usr/bin/sonata,$bin/sonata,; s,^User=.*,User=daemon,; s,^Group=.*,Group=daemon,; s,^SupplementaryGroups=.*,SupplementaryGroups=daemon," "$units/$1" > "$work/$1"
  out=$(systemd-analyze verify --man=no "$work/$1" 2>&1) || { echo "FAILED: $1: $out"; exit 1; }
  # a directive that it does not know, or a value that it ignores, is a warning and no error
  case "$out" in *"$1"*) echo "FAILED: $1: $out"; exit 1 ;; esac
  for directive in Type=notify WatchdogSec= StateDirectory= LoadCredential= NoNewPrivileges=yes "${@:3}"; do
    grep -q "^$directive" "$work/$1" || { echo "FAILED: $1 lacks $directive"; exit 1; }
  done
  systemd-analyze security --offline=true --threshold="$2" "$work/$1" > "$work/security" 2>&1 && return
  grep -q "unrecognized option" "$work/security" && { echo "this systemd-analyze cannot judge a file: exposure is not looked at"; return; }
  echo "FAILED: $1 is more exposed than $2 tenths:"
  grep -a "✗\|Overall" "$work/security"
  exit 1
}

check sonata-master.service 13 ExecReload=
check sonata-worker.service 21 ExecReload=
check sonata-web.service 13 InaccessiblePaths=-/var/lib/sonata-master
echo "3 units"
