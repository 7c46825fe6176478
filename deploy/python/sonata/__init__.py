"""SONATA in Python: evaluators, ask and tell, and a client. Standard library only.

An evaluator is a class that is made once and asked for one architecture after another:

    import sonata

    @sonata.evaluator(metrics=["accuracy"])
    class Mine:
        def setup(self, context): ...                  # once: load data, a supernet
        def evaluate(self, genes, context): return {"accuracy": 91.5}

`python3 -m sonata serve FILE.py` speaks the worker's protocol (docs/ADAPTERS.md); `python3 -m sonata check FILE.py --space SPACE.yaml` tries it alone.

A client, and a program that is itself a board (docs/PYTHON.md):

    farm = sonata.connect("tcp://lab:7102", key="me.key")   # or sonata-web: connect("http://lab:7180", token="…")
    search = farm.submit("search.yaml")
    with sonata.Board("mine", ["accuracy"], master="tcp://lab:7101", key="mine.key") as board:
        for candidate in board.ask():
            board.tell(candidate, accuracy=91.5)
    search.wait()
    search.front()
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Type, TypeVar

if TYPE_CHECKING:
    from sonata._board import Board, Candidate
    from sonata._client import Farm, Search, connect
    from sonata._transport import SonataError

__all__ = ["Board", "Canceled", "Candidate", "Context", "Farm", "Infeasible", "Invalid", "Search", "SonataError", "connect", "evaluator"]
__version__ = "0.1.0"

Genes = Dict[str, Any]
_Class = TypeVar("_Class", bound=Type[Any])


class Infeasible(Exception):
    """The architecture cannot run here: a result, not tried again."""


class Invalid(Exception):
    """Measured under wrong conditions: tried again."""


class Canceled(BaseException):
    """Raised by Context.progress() when nobody wants the answer any more. Let it pass, the next architecture follows."""


class Context:
    """What an evaluator may know. At setup: board, threads, dataset. At evaluate and build also what the request says."""

    def __init__(self, fields: Mapping[str, Any], report: Optional[Callable[[float], None]] = None) -> None:
        self.board: str = fields.get("board", "")
        self.threads: int = fields.get("threads", 1)
        self.dataset: str = fields.get("dataset", "")
        self.tier: str = fields.get("tier", "")
        self.metrics: List[str] = list(fields.get("metrics", []))  # those that are wanted
        self.fidelity: Any = fields.get("fidelity")  # None: full
        self.check: bool = bool(fields.get("check"))  # only to see whether all is well: may be done in a short way
        self.deadline_s: Optional[float] = fields.get("deadline_s")  # seconds from the request until it is ended by force
        self.model: str = fields.get("model", "")  # the file that build() made for these genes, where it was made before
        self.folder: str = fields.get("folder", "")  # where build() puts its file
        self._report = report

    def progress(self, share: float) -> None:
        """How much is done, from 0 to 1: shown by `sonata watch`. Raises Canceled when the answer is not wanted any more."""
        if self._report:
            self._report(share)


class Registered:
    """The evaluator class of the program."""

    def __init__(self, cls: Type[Any], metrics: Sequence[str]) -> None:
        self.cls = cls
        self.metrics = list(metrics)
        self.builds = callable(getattr(cls, "build", None))


registered: List[Registered] = []


def evaluator(metrics: Sequence[str]) -> Callable[[_Class], _Class]:
    """Marks the class whose evaluate() gives these metrics; accuracy in percent, latency in milliseconds, energy in millijoules."""
    if isinstance(metrics, str) or not metrics or not all(isinstance(m, str) and m for m in metrics):
        raise TypeError("evaluator(metrics=[...]): a list of names of metrics is expected")

    def mark(cls: _Class) -> _Class:
        if not callable(getattr(cls, "evaluate", None)):
            raise TypeError(f"{cls.__name__} has no evaluate(self, genes, context)")
        registered.append(Registered(cls, metrics))
        return cls

    return mark


def __getattr__(name: str) -> Any:
    """Client and board are loaded when they are used: an evaluator needs neither."""
    homes = {"connect": "_client", "Farm": "_client", "Search": "_client", "SonataError": "_transport", "Board": "_board", "Candidate": "_board"}
    if name not in homes:
        raise AttributeError(f"module 'sonata' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(f"sonata.{homes[name]}"), name)
