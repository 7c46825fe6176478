#!/usr/bin/env python3
"""test_room.py BIN BUILD: more models than --artefacts-max has room for: the oldest go, but not those of the front; another search that needs one that went
has it built again."""
import json

import farm

KIB = 1 << 10
SEARCH = """name: tiny
space: ./space.yaml
model: {board: gpu, executor: EXECUTOR}
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: pi, goal: min}
budget: {evaluations: 24}
evaluation: {tier: screen}
"""


def submit(f, name, executor):
    (f.folder / f"{name}.yaml").write_text(SEARCH.replace("EXECUTOR", executor).replace("name: tiny\nspace", f"name: {name}\nspace"))
    f.sonata("submit", f"{name}.yaml")


def stored(f):
    return {p.name: p.stat().st_size for p in (f.folder / "master-state/artefacts").iterdir() if len(p.name) == 64}


def main():
    binaries, _ = farm.arguments()
    with farm.Farm(binaries) as f:
        room = 2200 * KIB  # of 24 models of a little more than 100 KiB
        f.master("--artefacts-max", str(room))
        log = f.folder / "built"
        f.worker("judge", f"  - {{id: gpu, backend: evaluator, command: {{command: 'python3 {farm.HERE}/evaluator.py {log} {100 * KIB}'}}}}\n")
        f.worker("host", "  - {id: pi, backend: model, core: any, canary: off}\n", "cache: 1Mi\n")
        submit(f, "first", "engine")
        f.until(lambda: f.show(1)["state"] == "done", 60)
        show, files = f.show(1), stored(f)
        assert show["evaluations"] == 24 and not show["failed"] and not show["infeasible"], show
        assert sum(files.values()) <= room and len(files) < 24, files
        front = json.loads(f.sonata("front", "--json", "1"))["individuals"]
        f.sonata("export", "--format", "onnx", "--output", "networks", "1")
        assert len(list((f.folder / "networks").glob("*.onnx"))) == len(front), "every member of the front has its model still"
        assert len(log.read_text().split()) == 24

        submit(f, "second", "ref")  # the same architectures are run in another way
        f.until(lambda: f.show(2)["state"] == "done", 90)
        show = f.show(2)
        again = log.read_text().split()
        assert show["evaluations"] == 24 and not show["failed"] and not show["infeasible"], show
        assert 24 < len(again) <= 24 * 3, f"{len(again)} builds: those that went are built again, the others not"
        assert sum(stored(f).values()) <= room
        for name in ("host", "judge", "master"):
            f.stop(name)
        f.check()
        print(f"{len(files)} of 24 models kept, all {len(front)} of the front among them; {len(again) - 24} built again to be run in another way")


main()
