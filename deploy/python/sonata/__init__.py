"""Evaluators of SONATA in Python: a class that is made once and asked for one architecture after another.

    import sonata

    @sonata.evaluator(metrics=["accuracy"])
    class Mine:
        def setup(self, context): ...                  # once: load data, a supernet
        def evaluate(self, genes, context): return {"accuracy": 91.5}

`python3 -m sonata serve FILE.py` speaks the worker's protocol (docs/ADAPTERS.md); `python3 -m sonata check FILE.py --space SPACE.yaml` tries it alone.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Type

__all__ = ["Context", "Infeasible", "Invalid", "evaluator"]
__version__ = "0.1.0"

Genes = Dict[str, Any]


class Infeasible(Exception):
    """The architecture cannot run here: a result, not tried again."""


class Invalid(Exception):
    """Measured under wrong conditions: tried again."""


class Context:
    """What an evaluator may know: fields of the board at setup; metrics, tier, dataset of the request at evaluate; progress() at any time."""

    def __init__(self, fields: Dict[str, Any], report: Optional[Callable[[float], None]] = None) -> None:
        self.board: str = fields.get("board", "")
        self.threads: int = fields.get("threads", 1)
        self.dataset: str = fields.get("dataset", "")
        self.tier: str = fields.get("tier", "")
        self.metrics: List[str] = list(fields.get("metrics", []))
        self._report = report

    def progress(self, share: float) -> None:
        """How much is done, from 0 to 1."""
        if self._report:
            self._report(share)


class Registered:
    """The evaluator class of the program."""

    def __init__(self, cls: Type[Any], metrics: Sequence[str]) -> None:
        self.cls = cls
        self.metrics = list(metrics)


registered: List[Registered] = []


def evaluator(metrics: Sequence[str]) -> Callable[[Type[Any]], Type[Any]]:
    """Marks the class whose evaluate() gives these metrics; accuracy in percent, latency in milliseconds, energy in millijoules."""
    if not metrics or not all(isinstance(m, str) and m for m in metrics):
        raise TypeError("evaluator(metrics=[...]): names of metrics are expected")

    def mark(cls: Type[Any]) -> Type[Any]:
        if not callable(getattr(cls, "evaluate", None)):
            raise TypeError(f"{cls.__name__} has no evaluate(self, genes, context)")
        registered.append(Registered(cls, metrics))
        return cls

    return mark
