#!/usr/bin/env python3
"""test_models.py BIN BUILD: an evaluator builds models, boards of two types run them, and whatever is killed in between, the networks of the front are the very
files that were measured."""
import hashlib
import json
import os
import pathlib
import random
import signal
import sys

import farm

SEARCH = """name: tiny
space: ./space.yaml
model: {board: gpu}
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: pi, goal: min}
  - {metric: latency, board: orin, goal: min}
budget: {evaluations: 24}
evaluation: {tier: screen}
"""


def content_hash(path):
    return hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()


def boards(f, build):
    library = farm.onnxruntime(build)
    runtime = f"executor: onnxruntime, library: {library}" if library else "executor: ref"
    log = f.folder / "built"
    f.worker("judge", f"  - {{id: gpu1, type: gpu, backend: evaluator, command: {{command: 'python3 {farm.HERE}/evaluator.py {log}'}}}}\n")
    f.worker("hosts", f"  - {{id: pi1, type: pi, backend: model, core: any, canary: off}}\n"
                      f"  - {{id: orin1, type: orin, backend: model, core: any, canary: off, {runtime}}}\n")
    return library


def kill_things(f, rng, done):
    """Each of them twice, at moments of the search that differ from run to run."""
    kills = ["evaluator", "judge", "hosts", "master"] * 2
    rng.shuffle(kills)
    for i, what in enumerate(kills):
        wanted = 1 + 2 * i
        f.until(lambda: done() >= wanted or f.show()["state"] == "done", 60)
        if what == "evaluator":
            for pid in farm.evaluator_pids():
                os.kill(pid, signal.SIGKILL)
        elif what == "master":
            f.kill("master")
            f.master()
        else:
            f.kill(what)
            f.again(what)
    return len(kills)


def main():
    binaries, build = farm.arguments()
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 20)
    print("seed", seed)
    with farm.Farm(binaries) as f:
        f.master()
        library = boards(f, build)
        (f.folder / "search.yaml").write_text(SEARCH)
        f.sonata("submit", "search.yaml")
        kills = kill_things(f, random.Random(seed), lambda: f.show()["evaluations"])
        f.until(lambda: f.show()["state"] == "done", 90)
        show = f.show()
        assert show["evaluations"] == 24 and not show["failed"] and not show["infeasible"], show

        built = (f.folder / "built").read_text().split()
        assert len(set(built)) == 24, "every architecture is built"
        assert len(built) <= 24 + kills, f"{len(built)} builds of 24 architectures: once each, but for what was killed over one"

        f.sonata("export", "--format", "onnx", "--output", "networks", "1")
        networks = sorted((f.folder / "networks").glob("*.onnx"))
        measured = {p.name for p in (f.folder / "hosts-state/blobs").iterdir()}
        front = json.loads(f.sonata("front", "--json", "1"))["individuals"]
        assert len(networks) == len(front) > 0
        for path in networks:
            assert content_hash(path) in measured, f"{path.name} is not what the boards ran"

        rows = json.loads(f.sonata("measure", "--board", "pi,orin", "--tier", "screen", "--json", *map(str, networks[:2])))
        assert len(rows) == 4 and all(r["reused"] and r["metrics"]["latency"]["value"] > 0 for r in rows), rows
        known = {g["id"]: g for g in front}
        one = known[int(networks[0].stem)]["metrics"]["latency@pi"]["value"]
        assert [r for r in rows if r["board"] == "pi"][0]["metrics"]["latency"]["value"] == one, (rows, one)
        alone = f.sonata("measure", "--board", "pi", "--tier", "screen", "--threads", "1", "--csv", str(networks[0])).splitlines()
        assert len(alone) == 2 and f",pi,,1,latency,done," in alone[1], alone
        f.sonata("measure", "--board", "pi", "--tier", "screen", "--max", "latency=0.00001ms", str(networks[0]), code=1)
        (f.folder / "bad.onnx").write_bytes(b"no model")
        bad, = json.loads(f.sonata("measure", "--board", "pi", "--tier", "screen", "--json", "bad.onnx", code=1))
        assert bad["state"] == "infeasible" and bad["reason"], bad
        f.stop("hosts")
        f.stop("judge")
        f.stop("master")
        f.check()
        print(f"{len(networks)} networks are the files that were measured; {len(built)} builds, {kills} kills, "
              f"orin by {'ONNX Runtime' if library else 'the plain C executor: ONNX Runtime is not installed'}")


main()
