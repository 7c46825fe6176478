#!/usr/bin/env python3
"""Holds the layers up: fails on a forbidden #include edge, on system I/O in a pure module, and on banned functions.

The table below is the one of docs/ARCHITECTURE.md: module -> modules, or single headers of one, that it may include directly.
"""
import pathlib
import re
import sys

ALLOWED = {
    # common
    "base": set(),
    "domain": {"base"},
    "conf": {"base", "domain"},
    "loop": {"base"},
    "codec": {"base", "domain"},
    "net": {"base", "loop"},
    # master
    "search": {"base", "domain"},
    "sched": {"base", "domain"},
    "store": {"base", "domain", "codec", "health"},
    "access": {"base", "store"},
    "run": {"base", "domain", "codec", "health", "search", "sched", "store"},
    "rpc": {"base", "domain", "codec", "net", "loop", "run", "sched", "store", "search", "access"},
    "cli": {"base", "domain", "conf", "codec", "net", "loop", "search", "cli", "supernet", "runtime", "engine"},
    "web": {"base", "domain", "conf", "codec", "net", "loop", "cli"},
    # worker
    "supernet": {"base", "domain"},
    "runtime": {"base", "domain", "supernet"},
    "graph": {"base"},
    "onnx": {"base", "graph"},
    "train": {"base", "domain", "conf", "supernet", "runtime"},
    "firmware": set(),
    "mcu": {"base", "domain", "firmware", "process"},
    "process": {"base"},
    "power": {"base", "domain", "process"},
    "adapter": {"base", "process"},
    "health": {"base"},
    "measure": {"base", "domain"},
    "probe": {"base", "process", "power", "adapter", "mcu", "conf"},
    "board_config": {"base", "domain", "health", "measure", "power", "process", "adapter", "mcu", "runtime"},
    "backend": {"base", "domain", "board_config", "measure", "power", "process", "adapter", "mcu", "runtime", "supernet"},
    "board": {"base", "domain", "codec", "health", "measure", "power", "process", "board_config", "backend"},
    "agent": {"base", "domain", "conf", "codec", "loop", "net", "health", "power", "board_config", "board/link.h", "board/frame.h"},
    "daemon": None,  # wires everything
}
PURE = {"domain", "search", "sched", "supernet", "measure", "health", "firmware"}
PURE_FORBIDDEN = {
    "base/log.h", "base/clock.h", "base/file.h", "stdio.h:FILE", "unistd.h", "fcntl.h", "sys/socket.h", "sys/stat.h", "sys/mman.h",
    "poll.h", "signal.h", "time.h", "dirent.h", "uv.h", "zmq.h", "lmdb.h", "pthread.h:clock",
}
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|rand|srand|localtime|gmtime|alloca|gets)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def module_of(path):
    """(module, whether product code) of a path relative to the root."""
    parts = path.parts
    if parts[0] in ("common", "master", "worker") and len(parts) > 2:
        return parts[1]
    return None


def check_text(module, name, text):
    """Findings of one file's text, as lines."""
    found = []
    allowed = ALLOWED.get(module, "unknown")
    if allowed == "unknown":
        return [f"{name}: module '{module}' has no row in tests/lint/check_layers.py"]
    for match in INCLUDE.finditer(text):
        quoted, angled = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        if quoted and "/" in quoted and allowed is not None:
            target = quoted.split("/")[0]
            if target != module and target in ALLOWED and not {target, quoted} & allowed:
                found.append(f"{name}:{line}: '{module}' may not include '{quoted}' (allowed: {', '.join(sorted(allowed)) or 'nothing'})")
        if module in PURE and (quoted or angled) in PURE_FORBIDDEN:
            found.append(f"{name}:{line}: '{module}' is pure and may not include <{quoted or angled}>")
    bare = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    for match in BANNED.finditer(bare):
        line = bare.count("\n", 0, match.start()) + 1
        found.append(f"{name}:{line}: {match.group(1)}() is banned (STYLE: use the checked form in common/base)")
    return found


def check_tree(root):
    found = []
    for top in ("common", "master", "worker"):
        for path in sorted((root / top).rglob("*.[ch]")):
            module = module_of(path.relative_to(root))
            if module:
                found += check_text(module, str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return found


def self_test():
    """Each rule finds its violation and lets the lawful twin pass."""
    cases = [
        ("domain", '#include "store/store.h"\n', 1),
        ("domain", '#include "base/error.h"\n', 0),
        ("search", "#include <unistd.h>\n", 1),
        ("search", '#include "base/clock.h"\n', 1),
        ("sched", "#include <string.h>\n", 0),
        ("base", "void f(char *d) { strcpy(d, s); }\n", 1),
        ("base", '/* strcpy(d, s) */ const char *t = "rand()"; int my_rand(int);\n', 0),
        ("agent", '#include "board/link.h"\n', 0),
        ("agent", '#include "board/candidate.h"\n', 1),
        ("agent", '#include "runtime/engine.h"\n', 1),
        ("board", '#include "net/net.h"\n', 1),
        ("nowhere", "", 1),
    ]
    for module, text, expected in cases:
        got = check_text(module, "case.c", text)
        if len(got) != expected:
            print(f"self-test: {module!r} {text!r}: expected {expected} findings, got {got}")
            return 1
    print("self-test: every rule finds its violation")
    return 0


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if sys.argv[1] == "--self-test":
        return self_test()
    found = check_tree(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "layers, purity and banned functions: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
