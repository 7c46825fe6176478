#!/usr/bin/env python3
"""Functions of the product code, read as text: each one in a header has a contract, none is too long or takes too many parameters, no public name is used twice.

    check_functions.py ROOT           findings
    check_functions.py --figures ROOT how many functions, headers without contract, long ones, wide ones, names used twice
    check_functions.py --self-test

Contract: a comment on the lines directly above the declaration, or on one of its lines; the name of a file alone is none. Declarations that follow each
other without a blank line may share the comment of the first when they are a family: they differ in nothing but the function's name, as the readers of the
operators of ONNX do.
Public names: functions that are not static, and what headers define: tags of struct, enum and union, members of enums. Each is defined in one place of the tree,
so that a search for a name finds one thing, and two modules can be linked into one program.
"""
import collections
import pathlib
import re
import sys

TOPS = ("common", "master", "worker")
LINES_MAX = 40       # of a body, without its braces
PARAMETERS_MAX = 6
# Inner loops and their callers, whose parameters are pointers and sizes that a struct would only hide
KERNELS = (
    "worker/train/kernels.c", "worker/train/step.c", "worker/firmware/q8.c", "worker/graph/vector.c", "worker/runtime/accuracy.c",
    "worker/runtime/depthwise_rows.h", "master/search/forest.c", "master/search/pareto.c", "master/search/ridge.c",
)
# Their parameters are those of a callback of another library
CALLBACKS = ("on_request",)
# How many there are still: write a smaller number when some are mended
LEFT_LONG, LEFT_WIDE, LEFT_TWICE = 0, 2, 0

CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
ATTRIBUTE = re.compile(r"\bSONATA_\w+(\s*\([^()]*\))?|__attribute__\s*\(\(.*?\)\)+|\b_Noreturn\b")
FILE_NAME = re.compile(r"/\* ?[\w.]+\.[ch] ?\*/")  # says where it is, not what
TAG = re.compile(r"(?:typedef\s+)?(struct|enum|union)\s+(\w+)\s*\{")


def bare(text):
    """The text without comments, literals and lines of the preprocessor; lines stay where they are."""
    text = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    lines, goes_on = [], False
    for line in text.split("\n"):
        skip = goes_on or line.lstrip().startswith("#")
        goes_on = skip and line.rstrip().endswith("\\")
        lines.append("" if skip else line)
    return "\n".join(lines)


def outermost(text):
    """(first line, last line, text, lines of the body) of what stands outside of braces."""
    depth, line, start, body, kept = 0, 1, None, 0, []
    for c in text:
        if start is None and not c.isspace():
            start, kept = line, []
        kept.append(c)
        if c == "{":
            body = line if depth == 0 else body
            depth += 1
        elif c == "}":
            depth -= 1
            head = "".join(kept).split("{", 1)[0] if depth == 0 else ""
            if "(" in head and "=" not in head:
                yield start, line, "".join(kept).strip(), max(line - body - 1, 0)
                start = None
        elif c == ";" and depth == 0:
            yield start, line, "".join(kept).strip(), None
            start = None
        line += c == "\n"


def function_of(text):
    """(name, signature without the name, number of parameters, static) of a declaration or definition of a function, else None."""
    head = re.sub(r"\s+", " ", ATTRIBUTE.sub(" ", text.split("{", 1)[0])).strip(" ;")
    found = re.match(r"([\w ]+[ *]+)(\w+) ?\(", head)
    if not found or head.startswith("typedef ") or found.group(2) in ("struct", "enum", "union", "_Static_assert"):
        return None
    depth, commas, at = 1, 0, found.end()
    while at < len(head) and depth:
        depth += (head[at] == "(") - (head[at] == ")")
        commas += head[at] == "," and depth == 1
        at += 1
    parameters = head[found.end():at - 1].strip()
    return found.group(2), found.group(1) + head[found.end():], 0 if parameters in ("", "void") else commas + 1, "static" in found.group(1).split()


def has_comment(lines, blank, first, last):
    """Whether the declaration on these lines has a comment of its own: above, or on its lines. blank: the lines without comments."""
    above = first - 2
    ends = above >= 0 and not blank[above].strip() and (lines[above].rstrip().endswith("*/") or lines[above].lstrip().startswith("//"))
    ends = ends and not FILE_NAME.fullmatch(lines[above].strip())
    return ends or any("/*" in line or "//" in line for line in lines[first - 1:last])


class Findings:
    def __init__(self):
        self.functions = self.in_headers = 0
        self.no_contract, self.long, self.wide = [], [], []
        self.defined = collections.defaultdict(set)

    def read(self, name, text):
        """Takes one file's functions and names in."""
        code, header, shared = bare(text), name.endswith(".h"), None
        lines, blank = text.split("\n"), code.split("\n")
        for first, last, declared, body in outermost(code):
            self.read_tags(name, declared, header)
            function = function_of(declared)
            if not function:
                shared = None
                continue
            known, signature, parameters, static = function
            place = f"{name}:{first}: {known}"
            if header and (own := has_comment(lines, blank, first, last) or shared == (first - 1, signature)):
                shared = (last, signature)
            elif header:
                self.no_contract.append(place)
                shared = None
            self.in_headers += header
            self.read_body(name, place, known, parameters, static, body)

    def read_body(self, name, place, known, parameters, static, body):
        if body is None:
            return
        self.functions += 1
        if body > LINES_MAX:
            self.long.append(f"{place} ({body} lines)")
        if parameters > PARAMETERS_MAX and name not in KERNELS and known not in CALLBACKS:
            self.wide.append(f"{place} ({parameters})")
        if not static and known != "main":
            self.defined[known + "()"].add(name)

    def read_tags(self, name, declared, header):
        tag = TAG.match(declared)
        if tag and header:
            self.defined[f"{tag.group(1)} {tag.group(2)}"].add(name)
        if header and re.match(r"(typedef )?enum\b[^;{]*\{", declared):
            for member in re.findall(r"\b([A-Za-z_]\w*)\s*(?:=[^,}]*)?[,}]", declared.split("{", 1)[1]):
                self.defined[member].add(name)

    def twice(self):
        return [f"{name}: {', '.join(sorted(files))}" for name, files in sorted(self.defined.items()) if len(files) > 1]

    def lines(self):
        found = [f"{place}: no contract: say above it what it does, units, who owns what, which errors" for place in self.no_contract]
        for places, left, what in (
            (self.long, LEFT_LONG, f"longer than {LINES_MAX} lines"),
            (self.wide, LEFT_WIDE, f"more than {PARAMETERS_MAX} parameters: a struct says what belongs together"),
            (self.twice(), LEFT_TWICE, "the name is used twice"),
        ):
            found += [f"{place}: {what} ({len(places)} where {left} are known)" for place in places] if len(places) > left else []
        return found


def read_tree(root):
    found = Findings()
    for top in TOPS:
        for path in sorted((root / top).rglob("*.[ch]")):
            found.read(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return found


SELF_TEST = """/* A page. */
#define TWO(x) \\
    int x(void)
struct apple { int a; };
enum fruit { PEAR = 2, PLUM };

/* Says what. */
int first(int a, char *b) SONATA_MUST_CHECK;
int second(int a, char *b);
int third(long a, char *b);

int fourth(void); /* says it here */
/* file.c */
int sixth(void);
typedef int (*name_fn)(int a);
extern const struct apple all[];
static inline int fifth(int a)
{
    return a;
}
"""


def self_test():
    found = Findings()
    found.read("common/base/a.h", SELF_TEST)
    assert found.no_contract == ["common/base/a.h:10: third", "common/base/a.h:14: sixth", "common/base/a.h:17: fifth"], found.no_contract
    assert found.in_headers == 6 and found.functions == 1 and not found.twice()
    body = "\n".join(["    x();"] * 41)
    found.read("common/base/b.c", f"int first(int a, char *b)\n{{\n{body}\n}}\nstatic int second(int a, int (*f)(int, int), int c, int d, int e, int g, int h)\n{{\n}}\n")
    assert len(found.long) == 1 and "41 lines" in found.long[0], found.long
    assert len(found.wide) == 1 and "second (7)" in found.wide[0], found.wide
    found.read("common/base/c.c", "int first(int a, char *b)\n{\n}\nstatic int second(void)\n{\n}\nstruct apple { int b; };\n")
    assert found.twice() == ["first(): common/base/b.c, common/base/c.c"], found.twice()
    found.read("common/base/d.h", "enum { PLUM, CHERRY };\nstruct apple { int c; };\n")
    assert len(found.twice()) == 3, found.twice()
    print("self-test: every rule finds its violation")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) < 2:
        return print(__doc__)
    found = read_tree(pathlib.Path(sys.argv[-1]))
    if sys.argv[1] == "--figures":
        return print(f"{found.functions} functions, {found.in_headers} in headers, {len(found.no_contract)} of them without contract; {len(found.long)} longer than "
                     f"{LINES_MAX} lines, {len(found.wide)} with more than {PARAMETERS_MAX} parameters outside kernels; {len(found.twice())} public names used twice")
    lines = found.lines()
    print("\n".join(lines) if lines else "contracts, lengths, parameters and public names of functions: clean")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
