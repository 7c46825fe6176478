"""python3 -m sonata serve FILE.py | check FILE.py --space SPACE.yaml [-n 3] [--seed 1]"""
from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from typing import Any, Dict, List

import sonata
from sonata import _serve


def genes_of(path: str) -> List[Dict[str, Any]]:
    """Names and choices of a space file: the forms `sonata init` writes, one gene a line in flow style, or block style."""
    import re

    genes: List[Dict[str, Any]] = []
    with open(path, encoding="utf-8-sig") as f:
        text = re.sub(r"(?m)(^|\s)#.*$", "", f.read())
    for name, rest in re.findall(r"-\s*\{?\s*name:\s*([\w.-]+)(.*?)(?=\n\s*-\s*\{?\s*name:|\Z)", text, re.S):
        choices = re.search(r"choices:\s*\[(.*?)\]", rest, re.S)
        if choices:
            genes.append({"name": name, "choices": [value(c) for c in choices.group(1).split(",")]})
    if not genes:
        raise SystemExit(f"{path}: no genes with `name` and `choices: [...]` were found")
    return genes


def value(text: str) -> Any:
    """A choice as the worker gives it: a number where it is one."""
    text = text.strip().strip("\"'")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def attempt(instance: Any, architecture: Dict[str, Any], found: sonata.Registered, folder: str, checking: bool = False) -> Any:
    """One request as a worker would make it; also the build, where there is one."""
    request: Dict[str, Any] = {"genotype": architecture, "metrics": found.metrics, "tier": "search", "check": checking}
    if found.builds:
        request["build"] = {"folder": folder}
    return _serve.outcome(instance, request, sonata.Context(request))


def check(path: str, space: str, n: int, seed: int) -> int:
    genes, dice = genes_of(space), random.Random(seed)
    begin = time.perf_counter()
    found = _serve.load(path)
    instance = found.cls()
    if hasattr(instance, "setup"):
        instance.setup(sonata.Context({"board": "check"}))
    print(f"setup: {time.perf_counter() - begin:.3f} s; metrics: {', '.join(found.metrics)}" + ("; builds models" if found.builds else ""))
    bad, took = 0, []
    with tempfile.TemporaryDirectory(prefix="sonata-check-") as folder:
        for _ in range(n):
            architecture = {g["name"]: dice.choice(g["choices"]) for g in genes}
            begin = time.perf_counter()
            try:
                result: Any = attempt(instance, architecture, found, folder)
                if "model" in result:
                    result["model"] = f"{os.path.basename(result['model']['path'])}, {os.path.getsize(result['model']['path'])} bytes"
            except (sonata.Infeasible, sonata.Invalid) as e:
                result = f"{type(e).__name__.lower()}: {e}"
            except Exception:  # pylint: disable=broad-except
                bad += 1
                result = traceback.format_exc()
            took.append(time.perf_counter() - begin)
            print(f"{architecture}: {took[-1]:.3f} s: {result}")
    print(f"{n - bad} of {n} evaluated" + (f", {bad} FAILED" if bad else "") + f"; {sum(took) / n:.3f} s each, {max(took):.3f} s the longest")
    return 1 if bad else 0


def positive(text: str) -> int:
    n = int(text)
    if n < 1:
        raise argparse.ArgumentTypeError("a count of at least 1 is expected")
    return n


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m sonata", description="Evaluators of SONATA in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("serve", help="answer the worker on stdin and stdout")
    one.add_argument("file")
    two = commands.add_parser("check", help="run an evaluator without any server")
    two.add_argument("file")
    two.add_argument("--space", required=True)
    two.add_argument("-n", type=positive, default=3)
    two.add_argument("--seed", type=int, default=1)
    three = commands.add_parser("relay", help="used by sonata.Board: joins a worker to a program")
    three.add_argument("socket")
    args = parser.parse_args()
    if args.command == "serve":
        return _serve.serve(args.file)
    if args.command == "relay":
        from sonata import _board

        return _board.relay(args.socket)
    return check(args.file, args.space, args.n, args.seed)


if __name__ == "__main__":
    sys.exit(main())
