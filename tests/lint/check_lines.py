#!/usr/bin/env python3
"""Product code: no line longer than the formatter's limit, at most one ternary on a line. Modules that still have some are listed with how many at most:
write a smaller number when some are mended, and take a module out that has none.

    check_lines.py ROOT           findings
    check_lines.py --self-test
"""
import pathlib
import re
import sys

LIMIT = 150  # ColumnLimit of .clang-format
TOPS = ("common", "master", "worker")
CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)

# module: (lines over the limit, lines with two ternaries or more) that are there still
LEFT = {
    "common/base": (3, 4),
    "common/codec": (4, 3),
    "common/conf": (3, 5),
    "common/domain": (4, 5),
    "common/health": (9, 5),
    "common/loop": (4, 3),
    "common/net": (12, 7),
    "common/supernet": (5, 5),
    "master/access": (3, 3),
    "master/bench": (3, 9),
    "master/cli": (17, 19),
    "master/daemon": (5, 7),
    "master/rpc": (6, 7),
    "master/run": (8, 4),
    "master/sched": (3, 3),
    "master/search": (11, 13),
    "master/store": (3, 7),
    "master/web": (3, 7),
    "worker/adapter": (17, 4),
    "worker/agent": (6, 10),
    "worker/backend": (14, 12),
    "worker/board": (8, 5),
    "worker/board_config": (9, 5),
    "worker/daemon": (3, 3),
    "worker/firmware": (3, 4),
    "worker/graph": (3, 13),
    "worker/mcu": (6, 9),
    "worker/measure": (7, 4),
    "worker/model": (3, 6),
    "worker/onnx": (3, 12),
    "worker/power": (12, 4),
    "worker/probe": (6, 3),
    "worker/process": (3, 3),
    "worker/runtime": (16, 6),
    "worker/train": (13, 9),
}


def count(text):
    """Numbers of the lines that are too long, and of those with more than one ternary."""
    long_lines = [n for n, line in enumerate(text.split("\n"), 1) if len(line) > LIMIT]
    bare = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    return long_lines, [n for n, line in enumerate(bare.split("\n"), 1) if line.count("?") > 1]


def judge(module, long_lines, ternaries, left):
    """Findings of a module whose bad lines are given as texts "file:line"."""
    found = []
    for what, lines, allowed in zip((f"longer than {LIMIT} columns", "more than one ternary on a line"), (long_lines, ternaries), left):
        if len(lines) > allowed:
            found += [f"{module}: {what}, {len(lines)} lines where {allowed} are known: {', '.join(lines)}"]
    return found


def check_tree(root):
    found, bad = [], {}
    for top in TOPS:
        for path in sorted((root / top).rglob("*.[ch]")):
            name = path.relative_to(root)
            if len(name.parts) < 3:
                continue
            lines = bad.setdefault("/".join(name.parts[:2]), ([], []))
            for kept, new in zip(lines, count(path.read_text(encoding="utf-8"))):
                kept += [f"{name}:{n}" for n in new]
    for module in sorted(set(bad) | set(LEFT)):
        found += judge(module, *bad.get(module, ([], [])), LEFT.get(module, (0, 0)))
    return found


def self_test():
    text = "int a = b ? c : d ? e : f; /* x ? y : z ? */\nputs(\"? ? ?\"); // ?\n" + "x" * 151 + "\n" + "é" * 150 + "\n"
    if count(text) != ([3], [1]):
        print(f"self-test: {count(text)}")
        return 1
    cases = [(([], []), (0, 0), 0), ((["f:1"], []), (0, 0), 1), ((["f:1"], []), (1, 0), 0), (([], ["f:1", "f:2"]), (0, 1), 1)]
    for lines, left, expected in cases:
        if len(judge("m", *lines, left)) != expected:
            print(f"self-test: {lines} with {left}: {judge('m', *lines, left)}")
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
    print("\n".join(found) if found else "lengths of lines and ternaries: clean, or as known")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
