#!/usr/bin/env python3
"""Product code: no line longer than the formatter's limit, at most one ternary on a line. Modules that still have lines with more are listed
with how many at most: write a smaller number when some are mended, and take a module out that has none.

    check_lines.py ROOT           findings
    check_lines.py --self-test
"""
import pathlib
import re
import sys

LIMIT = 150  # ColumnLimit of .clang-format
TOPS = ("common", "master", "worker")
CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)

# module: lines with two ternaries or more that are there still
LEFT = {
    "common/base": 1,
    "common/conf": 2,
    "common/domain": 2,
    "common/health": 2,
    "common/net": 4,
    "common/supernet": 2,
    "master/bench": 7,
    "master/cli": 16,
    "master/daemon": 4,
    "master/rpc": 4,
    "master/run": 1,
    "master/search": 10,
    "master/store": 4,
    "master/web": 4,
    "worker/adapter": 1,
    "worker/agent": 7,
    "worker/backend": 10,
    "worker/board": 2,
    "worker/board_config": 2,
    "worker/firmware": 1,
    "worker/graph": 10,
    "worker/mcu": 6,
    "worker/measure": 1,
    "worker/model": 3,
    "worker/onnx": 9,
    "worker/power": 1,
    "worker/runtime": 3,
    "worker/train": 6,
}


def count(text):
    """Numbers of the lines that are too long, and of those with more than one ternary."""
    long_lines = [n for n, line in enumerate(text.split("\n"), 1) if len(line) > LIMIT]
    bare = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    return long_lines, [n for n, line in enumerate(bare.split("\n"), 1) if line.count("?") > 1]


def judge(module, long_lines, ternaries, left):
    """Findings of a module whose bad lines are given as texts "file:line"."""
    found = []
    for what, lines, allowed in ((f"longer than {LIMIT} columns", long_lines, 0), ("more than one ternary on a line", ternaries, left)):
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
        found += judge(module, *bad.get(module, ([], [])), LEFT.get(module, 0))
    return found


def self_test():
    text = "int a = b ? c : d ? e : f; /* x ? y : z ? */\nputs(\"? ? ?\"); // ?\n" + "x" * 151 + "\n" + "é" * 150 + "\n"
    if count(text) != ([3], [1]):
        print(f"self-test: {count(text)}")
        return 1
    cases = [(([], []), 0, 0), ((["f:1"], []), 1, 1), (([], ["f:1"]), 0, 1), (([], ["f:1"]), 1, 0), (([], ["f:1", "f:2"]), 1, 1)]
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
