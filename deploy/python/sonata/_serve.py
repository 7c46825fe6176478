"""The worker's protocol on stdin and stdout: one JSON object a line, descriptor 1 kept for answers."""
from __future__ import annotations

import importlib.util
import json
import math
import os
import select
import sys
import traceback
from typing import Any, Dict, List, Optional, Sequence

import sonata


def load(path: str) -> sonata.Registered:
    """The evaluator that a file registers."""
    if not os.path.isfile(path):
        raise SystemExit(f"{path}: no such file")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("sonata_user_evaluator", path)
    if not spec or not spec.loader:
        raise SystemExit(f"{path}: not a Python file (its name should end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules["sonata_user_evaluator"] = module  # so that what it defines can be pickled for its own processes
    sonata.registered.clear()
    spec.loader.exec_module(module)
    if len(sonata.registered) != 1:
        raise SystemExit(f"{path}: one class marked @sonata.evaluator(metrics=[...]) is expected, there are {len(sonata.registered)}")
    return sonata.registered[0]


def number(name: str, value: Any) -> float:
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}, not a number") from None
    if not math.isfinite(result):
        raise ValueError(f"{name} is {result}")
    return result


def checked(values: Any, metrics: Sequence[str]) -> Dict[str, Any]:
    """What evaluate() returned as the fields of an answer: {"metrics": {…}} and perhaps "samples_us"."""
    if not isinstance(values, dict):
        raise TypeError(f"evaluate() must return a dict of metrics, not {type(values).__name__}")
    fields: Dict[str, Any] = {"metrics": {}}
    for name, value in values.items():
        if name == "samples_us":
            fields["samples_us"] = [number("samples_us", v) for v in value]
        elif isinstance(value, dict):
            fields["metrics"][str(name)] = {k: number(f"{name}.{k}", v) for k, v in value.items()}
        else:
            fields["metrics"][str(name)] = number(str(name), value)
    for name in metrics:
        if name not in fields["metrics"] and not (name == "latency" and "samples_us" in fields):
            raise KeyError(f"evaluate() did not return '{name}'")
    return fields


def built(found: Any, folder: str) -> Dict[str, str]:
    """What build() returned: a path, or (path, format)."""
    path, kind = found if isinstance(found, tuple) else (found, "")
    path = os.path.join(folder, os.fspath(path))
    if not os.path.isfile(path):
        raise FileNotFoundError(f"build() returned {path!r}, where there is no file")
    return {"path": path, "format": kind or os.path.splitext(path)[1][1:].lower() or "bin"}


class Line:
    """The two directions. Reads by descriptor, so that what has come can be seen without waiting."""

    def __init__(self, source: int, sink: int) -> None:
        self.source, self.sink, self.buffer = source, sink, b""
        self.waiting: List[Dict[str, Any]] = []

    def say(self, message: Dict[str, Any]) -> None:
        text = (json.dumps(message) + "\n").encode()
        while text:
            text = text[os.write(self.sink, text):]

    def _fill(self) -> bool:
        more = os.read(self.source, 1 << 16)
        self.buffer += more
        *lines, self.buffer = self.buffer.split(b"\n")
        self.waiting.extend(json.loads(line) for line in lines if line.strip())
        return bool(more)

    def hear(self) -> Optional[Dict[str, Any]]:
        """The next message; None at the end."""
        while not self.waiting:
            if not self._fill():
                return None
        return self.waiting.pop(0)

    def canceled(self, ident: Any) -> bool:
        """Whether a cancel of this request has come."""
        while select.select([self.source], [], [], 0)[0] and self._fill():
            pass
        keep: List[Dict[str, Any]] = [m for m in self.waiting if m.get("cancel") != ident]
        found = len(keep) != len(self.waiting)
        self.waiting = keep
        return found


def outcome(instance: Any, request: Dict[str, Any], context: sonata.Context) -> Dict[str, Any]:
    """What the instance makes of a request, as the fields of its answer. Also used by `check`."""
    fields: Dict[str, Any] = {}
    genes = request["genotype"]
    if "build" in request:
        context.folder = request["build"]["folder"]
        fields["model"] = built(instance.build(dict(genes), context), context.folder)
    if context.metrics or "build" not in request:
        fields.update(checked(instance.evaluate(dict(genes), context), context.metrics))
    fields.setdefault("metrics", {})
    return fields


def answer(instance: Any, request: Dict[str, Any], line: Line) -> Dict[str, Any]:
    ident = request.get("id")

    def report(share: float) -> None:
        line.say({"id": ident, "progress": max(0.0, min(1.0, float(share)))})
        if line.canceled(ident):
            raise sonata.Canceled

    try:
        fields = outcome(instance, request, sonata.Context(request, report))
    except sonata.Canceled:
        fields = {"canceled": True}
    except sonata.Infeasible as e:
        fields = {"infeasible": str(e) or "infeasible"}
    except sonata.Invalid as e:
        fields = {"invalid": str(e) or "invalid"}
    except MemoryError:
        fields = {"infeasible": "ram: MemoryError"}
    except Exception as e:  # pylint: disable=broad-except # whatever the user's code raises
        traceback.print_exc()
        fields = {"error": described(e)}
    return {"id": ident, **fields}


def described(e: BaseException) -> str:
    """Kind, text and the last place of an exception in a line."""
    frames = traceback.extract_tb(e.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(e).__name__}: {e}{where}"


def serve(path: str) -> int:
    """Until stdin ends. Whatever the user's code prints goes to stderr."""
    line = Line(os.dup(0), os.dup(1))
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # what the user's code starts does not read our requests
    first = line.hear() or {}
    try:
        found = load(path)
        instance = found.cls()
        if hasattr(instance, "setup"):
            instance.setup(sonata.Context(first.get("init", {})))
    except SystemExit as e:
        line.say({"ready": False, "error": str(e)})
        return 1
    except Exception as e:  # pylint: disable=broad-except
        traceback.print_exc()
        line.say({"ready": False, "error": described(e)})
        return 1
    line.say({"ready": True, "metrics": found.metrics, "builds": found.builds, "name": found.cls.__name__, "version": sonata.__version__})
    for request in iter(line.hear, None):
        if "id" in request:
            line.say(answer(instance, request, line))
        elif request.get("bye"):
            break
    if hasattr(instance, "close"):
        instance.close()
    return 0
