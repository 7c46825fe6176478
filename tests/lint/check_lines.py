#!/usr/bin/env python3
"""Product code: no line longer than the formatter's limit, at most one ternary on a line.

    check_lines.py ROOT           findings
    check_lines.py --self-test
"""
import pathlib
import re
import sys

LIMIT = 150  # ColumnLimit of .clang-format
TOPS = ("common", "master", "worker")
CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)

def count(text):
    """Numbers of the lines that are too long, and of those with more than one ternary."""
    long_lines = [n for n, line in enumerate(text.split("\n"), 1) if len(line) > LIMIT]
    bare = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    return long_lines, [n for n, line in enumerate(bare.split("\n"), 1) if line.count("?") > 1]


def check_text(name, text):
    long_lines, ternaries = count(text)
    return [f"{name}:{n}: longer than {LIMIT} columns" for n in long_lines] + [f"{name}:{n}: more than one ternary" for n in ternaries]


def check_tree(root):
    found = []
    for top in TOPS:
        for path in sorted((root / top).rglob("*.[ch]")):
            found += check_text(path.relative_to(root), path.read_text(encoding="utf-8"))
    return found


def self_test():
    text = "int a = b ? c : d ? e : f; /* x ? y : z ? */\nputs(\"? ? ?\"); // ?\n" + "x" * 151 + "\n" + "é" * 150 + "\n"
    if count(text) != ([3], [1]):
        print(f"self-test: {count(text)}")
        return 1
    if check_text("f", text) != ["f:3: longer than 150 columns", "f:1: more than one ternary"] or check_text("f", "int a = b ? c : d;\n"):
        print(f"self-test: {check_text('f', text)}")
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
    print("\n".join(found) if found else "lengths of lines and ternaries: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
