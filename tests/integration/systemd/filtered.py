"""filtered.py UNIT PROGRAM ARGUMENT...: runs a program under the SystemCallFilter= lines of a unit, as systemd would (systemd.exec(5)).

Needs systemd-analyze (what is in a group) and libseccomp's module; ends with 77 where they are missing. Calls that are not allowed give EPERM, as the
units say (SystemCallErrorNumber=).
"""
import errno
import os
import subprocess
import sys

try:
    import seccomp
except ImportError:
    sys.exit(77)


def group(name, seen):
    """System calls of a group such as @clock, groups within it included."""
    if name in seen:
        return set()
    seen.add(name)
    calls = set()
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= group(word, seen) if word.startswith("@") else {word}
    return calls


def calls_of(words):
    calls = set()
    for word in words:
        calls |= group(word, set()) if word.startswith("@") else {word}
    return calls


def read_filter(unit):
    """(whether only the listed calls are allowed, the calls)."""
    only, calls = None, set()
    for line in open(unit, encoding="utf-8"):
        if not line.startswith("SystemCallFilter="):
            continue
        value = line.split("=", 1)[1].strip()
        negative = value.startswith("~")
        named = calls_of(value.lstrip("~").split())
        if only is None:
            only = not negative
        calls = calls | named if negative != only else calls - named
    return only, calls


def main():
    unit, command = sys.argv[1], sys.argv[2:]
    only, calls = read_filter(unit)
    denied = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(denied if only else seccomp.ALLOW)
    if only:
        calls |= {"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn", "getrlimit", "time"}  # systemd allows these always (@default and its own)
    for call in sorted(calls):
        try:
            rules.add_rule(seccomp.ALLOW if only else denied, call)
        except (RuntimeError, OSError, ValueError):
            pass  # of another architecture
    rules.load()
    os.execv(command[0], command)


if len(sys.argv) < 3:
    sys.exit(__doc__)
try:
    main()
except FileNotFoundError as e:
    print(e, file=sys.stderr)
    sys.exit(77)
