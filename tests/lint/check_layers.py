#!/usr/bin/env python3
"""Holds the layers up: fails on an #include edge, a library or a file that the table of docs/ARCHITECTURE.md does not give to a module, on an entry of that
table that nothing uses, on system I/O in a pure module, and on banned functions.

The table is the one under "## Folders": | `common/base` | its one job | what it may use |. A job that begins with **pure** makes the module a pure one. What a
module may use is a list of modules, single headers (`board/link.h`), libraries by the names below, "everything" or "–".
"""
import pathlib
import re
import sys

TOPS = ("common", "master", "worker")
LIBRARIES = {  # name in the table: headers that mean it
    "libsodium": r"sodium\.h",
    "zlib": r"zlib\.h",
    "libzstd": r"zstd\.h",
    "libyaml": r"yaml\.h",
    "libzip": r"zip\.h",
    "libuv": r"uv\.h",
    "libzmq": r"zmq\.h",
    "LMDB": r"lmdb\.h",
    "cJSON": r"cjson/.*",
    "OpenBLAS": r"cblas\.h",
    "XNNPACK": r"xnnpack\.h|pthreadpool\.h",
    "libmicrohttpd": r"microhttpd\.h",
    "proto": r".*\.pb-c\.h|protobuf-c/.*",
}
PURE_FORBIDDEN = {
    "base/log.h", "base/clock.h", "base/file.h", "unistd.h", "fcntl.h", "sys/socket.h", "sys/stat.h", "sys/mman.h",
    "poll.h", "signal.h", "time.h", "dirent.h", "uv.h", "zmq.h", "lmdb.h",
}
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|rand|srand|localtime|gmtime|alloca|gets)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def library_of(header):
    for name, pattern in LIBRARIES.items():
        if re.fullmatch(pattern, header):
            return name
    return None


class Table:
    """The rows of docs/ARCHITECTURE.md: folder -> set of what it may use (None: everything), and which folders are pure."""

    def __init__(self, text):
        self.allowed, self.pure, self.findings = {}, set(), []
        part = text.split("\n## Folders", 1)[-1].split("\n## ", 1)[0]
        for line in part.splitlines():
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            folder = cells[0].strip("`") if len(cells) == 3 else ""
            if not re.fullmatch(r"(?:%s)/\w+" % "|".join(TOPS), folder):
                continue
            if cells[1].startswith("**pure**"):
                self.pure.add(folder)
            words = {w.strip().strip("`") for w in cells[2].split(",")} - {"–"}
            self.allowed[folder] = None if "everything" in words else words
        self.modules = {folder.split("/")[1] for folder in self.allowed}
        for folder, words in self.allowed.items():
            for word in sorted(words or ()):
                if word not in LIBRARIES and word.split("/")[0] not in self.modules:
                    self.findings.append(f"docs/ARCHITECTURE.md: {folder} may use '{word}', which is no module, header or library that is known")

    def entry(self, folder, quoted, angled):
        """What an #include needs in its module's row; None: nothing. A module's own files and the C library are free."""
        if quoted and quoted.split("/")[0] in self.modules and "/" in quoted:
            target = quoted.split("/")[0]
            return None if folder.endswith("/" + target) else target
        return library_of(quoted or angled)


def check_text(table, folder, name, text, used):
    """Findings of one file's text, as lines. Adds to `used` the entries of its module's row that it needs."""
    if folder not in table.allowed:
        return [f"{name}: module '{folder}' has no row in the table of docs/ARCHITECTURE.md"]
    found, allowed = [], table.allowed[folder]
    for match in INCLUDE.finditer(text):
        quoted, angled = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        entry = table.entry(folder, quoted, angled)
        if entry and allowed is not None:
            granted = entry if entry in allowed else quoted
            used.add(granted)
            if granted not in allowed:
                found.append(f"{name}:{line}: '{folder}' may not include '{quoted or angled}' (allowed: {', '.join(sorted(allowed)) or 'nothing'})")
        if folder in table.pure and (quoted or angled) in PURE_FORBIDDEN:
            found.append(f"{name}:{line}: '{folder}' is pure and may not include <{quoted or angled}>")
    bare = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    for match in BANNED.finditer(bare):
        line = bare.count("\n", 0, match.start()) + 1
        found.append(f"{name}:{line}: {match.group(1)}() is banned (STYLE: use the checked form in common/base)")
    return found


def check_tree(root):
    table = Table((root / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
    found, used = list(table.findings), {}
    for top in TOPS:
        for path in sorted((root / top).rglob("*.[ch]")):
            name = path.relative_to(root)
            if len(name.parts) > 2:
                folder = "/".join(name.parts[:2])
                found += check_text(table, folder, str(name), path.read_text(encoding="utf-8"), used.setdefault(folder, set()))
    for folder, words in table.allowed.items():
        if folder not in used:
            found.append(f"docs/ARCHITECTURE.md: there is no module {folder}")
        for word in sorted((words or set()) - used.get(folder, set())):
            found.append(f"docs/ARCHITECTURE.md: {folder} does not use '{word}'")
    return found


SELF_TEST_TABLE = """
## Folders
| folder | its one job | may use |
| --- | --- | --- |
| `common/base` | tools | libsodium |
| `common/domain` | **pure**: nouns | base |
| `master/store` | LMDB | base, LMDB, `board/link.h` |
| `worker/board` | boards | nothing-such |
| `worker/daemon` | wiring | everything |
"""


def self_test():
    """Each rule finds its violation and lets the lawful twin pass."""
    table = Table(SELF_TEST_TABLE)
    if len(table.findings) != 1 or "nothing-such" not in table.findings[0]:
        print(f"self-test: an unknown word of the table: {table.findings}")
        return 1
    cases = [
        ("common/domain", '#include "store/store.h"\n', 1),
        ("common/domain", '#include "base/error.h"\n', 0),
        ("common/domain", "#include <unistd.h>\n", 1),
        ("common/domain", '#include "base/clock.h"\n', 1),
        ("common/domain", "#include <string.h>\n", 0),
        ("common/domain", "#include <sodium.h>\n", 1),
        ("common/base", "#include <sodium.h>\n", 0),
        ("common/base", '#include "base/error.h"\n', 0),
        ("common/base", "void f(char *d) { strcpy(d, s); }\n", 1),
        ("common/base", '/* strcpy(d, s) */ const char *t = "rand()"; int my_rand(int);\n', 0),
        ("master/store", '#include "board/link.h"\n#include <lmdb.h>\n', 0),
        ("master/store", '#include "board/frame.h"\n', 1),
        ("worker/daemon", '#include "store/store.h"\n#include <uv.h>\n', 0),
        ("worker/nowhere", "", 1),
    ]
    for folder, text, expected in cases:
        got = check_text(table, folder, "case.c", text, set())
        if len(got) != expected:
            print(f"self-test: {folder!r} {text!r}: expected {expected} findings, got {got}")
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
