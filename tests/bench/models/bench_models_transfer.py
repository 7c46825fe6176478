#!/usr/bin/env python3
"""bench_models_transfer.py BIN [MIB]: one model of 20 MiB from the evaluator that builds it to eight boards, each with a worker of its own. Prints the time from the
build's end to the moment when the last of the eight has the file whole and checked; no test."""
import hashlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration/models"))
import farm  # noqa: E402 pylint: disable=wrong-import-position

BOARDS = 8
# The evaluator knows one architecture; each board type is a search's objective, four to a search
SPACE = "name: one\ngenes:\n  - {name: width, choices: [4]}\n  - {name: depth, choices: [1]}\n  - {name: kernel, choices: [1]}\n"


def search(first):
    objectives = "".join(f"  - {{metric: latency, board: pi{i}, goal: min}}\n" for i in range(first, first + 4))
    return f"name: one\nspace: ./one.yaml\nmodel: {{board: gpu}}\nobjectives:\n{objectives}budget: {{evaluations: 20}}\nevaluation: {{tier: screen}}\n"


def main():
    bytes_wanted = int(float(sys.argv[2]) if len(sys.argv) > 2 else 20) << 20
    with farm.Farm(sys.argv[1]) as f:
        f.master()
        log = f.folder / "built"
        f.worker("judge", f"  - {{id: gpu, backend: evaluator, command: {{command: 'python3 {farm.HERE}/evaluator.py {log} {bytes_wanted}'}}}}\n")
        for i in range(BOARDS):
            f.worker(f"host{i}", f"  - {{id: pi{i}, backend: model, core: any, canary: off}}\n")
        (f.folder / "one.yaml").write_text(SPACE)
        f.until(lambda: f.sonata("boards").count("ready") >= BOARDS + 1)
        for first in (0, 4):
            (f.folder / f"search{first}.yaml").write_text(search(first))
            f.sonata("submit", f"search{first}.yaml")
        f.until(log.exists, 60)
        begin = time.monotonic()

        def files():
            return [p for i in range(BOARDS) for p in (f.folder / f"host{i}-state/blobs").glob("*") if p.stat().st_size > 1 << 20 and len(p.name) == 64]
        while len(files()) < BOARDS:
            if time.monotonic() - begin > 60:
                raise SystemExit("not there within 60 s")
            time.sleep(0.005)
        seconds = time.monotonic() - begin
        for p in files():
            assert hashlib.blake2b(p.read_bytes(), digest_size=32).hexdigest() == p.name
        print(f"{files()[0].stat().st_size / 2**20:.1f} MiB from the evaluator to {BOARDS} boards of {BOARDS} workers: {seconds:.2f} s")


main()
