#!/usr/bin/env python3
"""test_transfer.py BIN BUILD: a model of 32 MiB on a slow line; whoever of the three is killed in the middle, what has arrived is not sent again and the whole is
what was built."""
import hashlib
import pathlib

import farm

MIB = 1 << 20
MODEL = 32 * MIB
SPACE = "name: one\ngenes:\n  - {name: width, choices: [4]}\n  - {name: depth, choices: [1]}\n  - {name: kernel, choices: [1]}\n"
SEARCH = """name: one
space: ./one.yaml
model: {board: gpu}
objectives:
  - {metric: latency, board: pi, goal: min}
budget: {evaluations: 20}
evaluation: {tier: screen}
"""


class Growth:
    """The size of the one file that grows in a folder; it never shrinks."""

    def __init__(self, folder):
        self.folder, self.size = pathlib.Path(folder), 0

    def now(self):
        for path in self.folder.glob("*"):
            size = path.stat().st_size if path.exists() else 0
            if size > MIB:
                assert size >= self.size, f"{path.name} began anew: {size} bytes after {self.size}"
                self.size = size
        return self.size


def kill_in_the_middle(f, growth, steps):
    """steps: (bytes that have arrived, what is killed then)."""
    for at, what in steps:
        f.until(lambda: growth.now() >= at, 30)
        assert growth.size < MODEL, "it was over before the kill"
        f.kill(what)
        if what == "master":
            f.master()
        else:
            f.again(what)
    f.until(lambda: growth.now() >= MODEL, 40)


def main():
    binaries, _ = farm.arguments()
    with farm.Farm(binaries) as f:
        f.master()
        slow = "bandwidth: 6Mi\n"
        log = f.folder / "built"
        f.worker("judge", f"  - {{id: gpu, backend: evaluator, command: {{command: 'python3 {farm.HERE}/evaluator.py {log} {MODEL}'}}}}\n", slow)
        f.worker("host", "  - {id: pi, backend: model, core: any, canary: off}\n", slow)
        (f.folder / "one.yaml").write_text(SPACE)
        (f.folder / "search.yaml").write_text(SEARCH)
        f.sonata("submit", "search.yaml")
        kill_in_the_middle(f, Growth(f.folder / "master-state/artefacts"), [(14 * MIB, "master"), (20 * MIB, "judge")])
        kill_in_the_middle(f, Growth(f.folder / "host-state/blobs"), [(14 * MIB, "host"), (20 * MIB, "master")])
        f.until(lambda: f.show()["state"] == "done", 60)
        assert f.show()["evaluations"] == 1 and not f.show()["failed"], f.show()
        assert log.read_text().split() == ["4-1-1"], "it is built once"
        for folder in ("master-state/artefacts", "host-state/blobs"):
            big = [p for p in (f.folder / folder).iterdir() if p.stat().st_size > MIB]
            assert len(big) == 1 and hashlib.blake2b(big[0].read_bytes(), digest_size=32).hexdigest() == big[0].name, big
        assert not list((f.folder / "judge-state/models").iterdir()), "what was acknowledged is forgotten"
        for name in ("host", "judge", "master"):
            f.stop(name)
        f.check()
        damaged = next((f.folder / "master-state/artefacts").iterdir())
        with open(damaged, "r+b") as out:
            out.seek(MIB)
            out.write(b"\1")
        found = f.check_says()
        assert f"model file {f.folder}" in found and "is damaged" in found, found
        damaged.unlink()
        assert "a model file is missing" in f.check_says()
        f.master()
        f.until(lambda: "model file is missing or damaged" in (f.folder / "master.log").read_text(), 10)
        f.until(lambda: f.show()["state"] == "done", 10)
        f.stop("master")
        f.check()
        print("a model of 32 MiB, four kills in the middle of its way: sent once, built once, the same at both ends")


main()
