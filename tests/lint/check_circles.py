#!/usr/bin/env python3
"""Fails when files of one module call each other in a circle that is not on the list below, or when a circle on the list is gone.

    check_circles.py ROOT BUILD [NM]      check the build
    check_circles.py --figures ROOT BUILD  print every circle, and how many files of each module are in one

What a file needs and what it offers is read from its object by nm: the names as the linker sees them, so that no macro, comment or local name
deceives. A file calls another one when it needs a function that this one defines (its address counts as well; data, as a driver's table of functions,
does not: whoever lists drivers does not know them). Objects are those that CMake made (CMakeFiles/TARGET.dir/FILE.o); one whose source is no more is left from an earlier build and does not count.
"""
import pathlib
import subprocess
import sys

# Circles that may be, by module. None may grow, and none is added without a reason beside it.
ALLOWED = {
    # meant: an answer may complete an individual, which may ask for more (master/run/evaluation.h)
    "run": [{"master/run/evaluation.c", "master/run/individual.c"}],
    # from before this check: to be opened, not to be taken for examples
}
ROOTS = ("common", "master", "worker")
DEFINED = set("TW")


def source_of(build, path):
    """master/run/ask.c of BUILD/master/run/CMakeFiles/sonata_run.dir/ask.c.o; None of anything else."""
    parts = path.relative_to(build).parts
    if "CMakeFiles" not in parts:
        return None
    at = parts.index("CMakeFiles")
    rest = parts[at + 2:]
    if not rest or not parts[at + 1].endswith(".dir"):
        return None
    source = pathlib.PurePosixPath(*parts[:at], *rest)
    return source.with_suffix("") if source.parts[0] in ROOTS else None


def module_of(source):
    return source.parts[1] if len(source.parts) > 2 else None


def read_names(lines):
    """{object: (defined, needed)} of the lines of `nm -A -g -P`: `PATH: NAME TYPE …`."""
    names = {}
    for line in lines:
        path, found, rest = line.partition(": ")
        fields = rest.split()
        if not found or len(fields) < 2:
            continue
        defined, needed = names.setdefault(path, (set(), set()))
        if fields[1] == "U":
            needed.add(fields[0])
        elif fields[1] in DEFINED:
            defined.add(fields[0])
    return names


def edges_of(files):
    """{file: files of the same module that it calls} of {file: (module, defined, needed)}."""
    by_name = {}
    for file, (module, defined, _) in files.items():
        for name in defined:
            by_name.setdefault((module, name), set()).add(file)
    edges = {file: set() for file in files}
    for file, (module, defined, needed) in files.items():
        for name in needed - defined:
            edges[file] |= by_name.get((module, name), set()) - {file}
    return edges


def circles_of(edges):
    """Sets of files that all reach each other (strongly connected, more than one file): Tarjan's algorithm without recursion."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for start in sorted(edges):
        if start in index:
            continue
        work = [(start, iter(sorted(edges[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, rest = work[-1]
            for to in rest:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    on_stack.add(to)
                    work.append((to, iter(sorted(edges[to]))))
                    break
                if to in on_stack:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    circle = set()
                    while node not in circle:
                        top = stack.pop()
                        on_stack.discard(top)
                        circle.add(top)
                    if len(circle) > 1:
                        found.append(circle)
    return found


def check(files, allowed):
    """Findings as lines."""
    edges = edges_of(files)
    found, seen = [], []
    for circle in circles_of(edges):
        module = files[next(iter(circle))][0]
        names = {str(file) for file in circle}
        within = [a for a in allowed.get(module, []) if names <= a]
        seen += within
        if within:
            continue
        calls = "; ".join(f"{file} calls {', '.join(sorted(str(to) for to in edges[file] & circle))}" for file in sorted(circle))
        found.append(f"module '{module}': {len(circle)} files call each other in a circle: {calls}")
    built = {str(file) for file in files}
    for module, circles in allowed.items():
        for circle in circles:
            if circle not in seen and circle & built:
                found.append(f"module '{module}': the circle of {', '.join(sorted(circle))} is no more: take it off the list in {pathlib.Path(__file__).name}")
    return found


def read_build(root, build, nm):
    """{file: (module, defined, needed)} of every object of the build."""
    objects = {}
    for path in build.rglob("*.o"):
        source = source_of(build, path)
        if source and module_of(source) and (root / source).exists():
            objects[str(path)] = source
    if not objects:
        sys.exit(f"{build}: no objects of {', '.join(ROOTS)}: build first")
    files = {}
    paths = sorted(objects)
    for at in range(0, len(paths), 200):
        out = subprocess.run([nm, "-A", "-g", "-P", *paths[at:at + 200]], check=True, capture_output=True, text=True).stdout
        for path, (defined, needed) in read_names(out.splitlines()).items():
            source = objects[path]
            _, d, n = files.setdefault(source, (module_of(source), set(), set()))
            d |= defined
            n |= needed
    return files


def figures(files):
    edges = edges_of(files)
    circles = circles_of(edges)
    for circle in sorted(circles, key=len, reverse=True):
        module = files[next(iter(circle))][0]
        total = sum(1 for file in files if files[file][0] == module)
        print(f"{module}: {len(circle)} of {total} files in one circle: {', '.join(sorted(file.name for file in circle))}")
    print(f"{len(circles)} circles, {sum(map(len, circles))} of {len(files)} files")


def self_test():
    out = [
        "a.o: ask T 0 1", "a.o: tell U", "b.o: tell T 0 1", "b.o: note U", "c.o: note T 0 1", "c.o: ask U", "c.o: malloc U",
        "d.o: leaf T 0 1", "e.o: top T 0 1", "e.o: leaf U", "e.o: ask U", "bad line",
    ]
    names = read_names(out)
    files = {pathlib.PurePosixPath(f"master/run/{k[0]}.c"): ("run", *v) for k, v in names.items()}
    files[pathlib.PurePosixPath("master/rpc/x.c")] = ("rpc", {"leaf"}, {"top"})  # another module: no edge to it
    circle = {"master/run/a.c", "master/run/b.c", "master/run/c.c"}
    assert {frozenset(map(str, c)) for c in circles_of(edges_of(files))} == {frozenset(circle)}
    assert len(check(files, {})) == 1 and "3 files" in check(files, {})[0]
    assert check(files, {"run": [circle]}) == []
    assert check(files, {"run": [circle | {"master/run/d.c"}]}) == []  # it shrank
    assert len(check(files, {"run": [circle, {"master/run/d.c", "master/run/e.c"}]})) == 1  # one that is no more
    assert check(files, {"run": [circle], "x": [{"worker/x/a.c", "worker/x/b.c"}]}) == []  # not part of this build
    assert len(check(files, {"run": [{"master/run/a.c", "master/run/b.c"}]})) == 2  # it grew: another one, and the old is no more
    files[pathlib.PurePosixPath("master/run/d.c")][2].add("top")
    grown = check(files, {"run": [circle]})
    assert len(grown) == 1 and "2 files" in grown[0], grown
    build = pathlib.PurePosixPath("/b")
    assert str(source_of(build, build / "master/run/CMakeFiles/sonata_run.dir/ask.c.o")) == "master/run/ask.c"
    assert str(source_of(build, build / "master/cli/CMakeFiles/x.dir/bench/a.c.o")) == "master/cli/bench/a.c"
    assert source_of(build, build / "tests/unit/run/CMakeFiles/t.dir/t.c.o") is None
    assert source_of(build, build / "firmware/mps2/main.c.o") is None
    print("ok")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    show = arguments[:1] == ["--figures"]
    arguments = arguments[1:] if show else arguments
    root, build = pathlib.Path(arguments[0]), pathlib.Path(arguments[1])
    files = read_build(root, build, arguments[2] if len(arguments) > 2 else "nm")
    if show:
        return figures(files)
    found = check(files, ALLOWED)
    for line in found:
        print(line)
    if found:
        sys.exit(f"{len(found)} findings: move what both need into a file of its own, or let the lower file return what the upper one does with it")
    print(f"{len(files)} files, no circle that is not on the list")
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
