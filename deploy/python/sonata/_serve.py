"""The worker's protocol on stdin and stdout: one JSON object a line, descriptor 1 kept for answers."""
from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import traceback
from typing import Any, Dict, IO

import sonata


def load(path: str) -> sonata.Registered:
    """The evaluator that a file registers."""
    if not os.path.isfile(path):
        raise SystemExit(f"{path}: no such file")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("sonata_user_evaluator", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sonata.registered.clear()
    spec.loader.exec_module(module)
    if len(sonata.registered) != 1:
        raise SystemExit(f"{path}: one class marked @sonata.evaluator(metrics=[...]) is expected, there are {len(sonata.registered)}")
    return sonata.registered[0]


def checked(values: Any, metrics: Any) -> Dict[str, float]:
    """What evaluate() returned, as finite numbers."""
    if not isinstance(values, dict):
        raise TypeError(f"evaluate() must return a dict of metrics, not {type(values).__name__}")
    result = {str(k): float(v) for k, v in values.items()}
    for name in metrics:
        if name not in result:
            raise KeyError(f"evaluate() did not return '{name}'")
    for name, value in result.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
    return result


def answer(instance: Any, request: Dict[str, Any], out: IO[str]) -> Dict[str, Any]:
    ident = request.get("id")

    def report(share: float) -> None:
        say(out, {"id": ident, "progress": max(0.0, min(1.0, float(share)))})

    context = sonata.Context(request, report)
    try:
        return {"id": ident, "metrics": checked(instance.evaluate(request["genotype"], context), context.metrics)}
    except sonata.Infeasible as e:
        return {"id": ident, "infeasible": str(e) or "infeasible"}
    except sonata.Invalid as e:
        return {"id": ident, "invalid": str(e) or "invalid"}
    except MemoryError:
        return {"id": ident, "infeasible": "ram: MemoryError"}
    except Exception as e:  # pylint: disable=broad-except # whatever the user's code raises
        traceback.print_exc()
        where = traceback.extract_tb(e.__traceback__)[-1]
        return {"id": ident, "error": f"{type(e).__name__}: {e} ({os.path.basename(where.filename)}:{where.lineno})"}


def say(out: IO[str], message: Dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def serve(path: str) -> int:
    """Until stdin ends. Whatever the user's code prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    first = json.loads(sys.stdin.readline() or "{}")
    try:
        found = load(path)
        instance = found.cls()
        if hasattr(instance, "setup"):
            instance.setup(sonata.Context(first.get("init", {})))
    except SystemExit as e:
        say(out, {"ready": False, "error": str(e)})
        return 1
    except Exception as e:  # pylint: disable=broad-except
        traceback.print_exc()
        say(out, {"ready": False, "error": f"{type(e).__name__}: {e}"})
        return 1
    say(out, {"ready": True, "metrics": found.metrics, "name": found.cls.__name__, "version": sonata.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            say(out, answer(instance, request, out))
        elif request.get("bye"):
            break
    return 0
