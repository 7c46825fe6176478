"""Ask and tell: this program is a board. A `sonata-worker` of its own holds the lease, keeps the results until the master has them, and gives back what
was not told when this program ends; its evaluator is `python3 -m sonata relay SOCKET`, which joins it to a thread here."""
from __future__ import annotations

import json
import os
import queue
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict, List, Optional, Sequence, Type
from types import TracebackType

import sonata
from sonata._serve import Line, checked
from sonata._transport import SonataError

Genes = Dict[str, Any]


class Candidate:
    """An architecture that somebody has to tell the values of."""

    def __init__(self, request: Dict[str, Any]) -> None:
        self.genes: Genes = request["genotype"]
        self.metrics: List[str] = request["metrics"]  # those that are wanted
        self.tier: str = request["tier"]
        self.dataset: str = request["dataset"]
        self.fidelity: Any = request.get("fidelity")
        self.canceled = False  # nobody wants it any more
        self._id = request["id"]
        self._answer: "queue.Queue[Dict[str, Any]]" = queue.Queue()
        self._told = False

    def __repr__(self) -> str:
        return f"<sonata.Candidate {self.genes}>"


class Board:
    """Boards of one type that this program is: `slots` candidates at a time are its to tell.

        with sonata.Board("lab", metrics=["accuracy"], master="tcp://lab:7101", key="lab.key", slots=4) as board:
            while True:
                for candidate in board.ask(4):
                    board.tell(candidate, accuracy=measure(candidate.genes))
    """

    def __init__(self, name: str, metrics: Sequence[str], master: str, key: Optional[str] = None, slots: int = 1, limit: str = "1h",
                 state: Optional[str] = None, program: str = "sonata-worker") -> None:
        if not metrics or isinstance(metrics, str):
            raise TypeError("metrics=[...]: a list of names of metrics is expected")
        self.name, self.metrics = name, list(metrics)
        self._folder = tempfile.mkdtemp(prefix="sonata-board-")
        self._state = state or os.path.join(self._folder, "state")
        self._waiting: "queue.Queue[Candidate]" = queue.Queue()
        self._known: Dict[str, Dict[str, Any]] = {}
        self._closed = False
        path = os.path.join(self._folder, "s")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(2 * slots)
        threading.Thread(target=self._accept, daemon=True).start()
        relay = " ".join(shlex.quote(w) for w in (sys.executable or "python3", "-m", "sonata", "relay", path))
        board = f"{name}:evaluator,slots={slots},limit={limit},command={relay}"
        command = [program, "--master", master, "--name", name, "--state", self._state, "--board", board, "--exit-with-parent"]
        package = os.path.dirname(os.path.dirname(os.path.abspath(sonata.__file__)))
        paths = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
        with open(os.path.join(self._folder, "log"), "w", encoding="utf-8") as log:
            try:
                self._worker = subprocess.Popen(command + (["--key", key] if key else []), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env={**os.environ, "PYTHONPATH": paths})
            except FileNotFoundError:
                raise SonataError(f"the program '{program}' is not here: install the package sonata-worker") from None

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def log(self) -> str:
        """What the worker said, for when something does not work."""
        with open(os.path.join(self._folder, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def _alive(self) -> None:
        if self._closed:
            raise SonataError("the board is closed")
        if self._worker.poll() is not None:
            last = self.log().strip().splitlines()[-1:] or ["without a word"]
            raise SonataError(f"the worker of board '{self.name}' ended: {last[0]}")

    def ask(self, n: int = 1, timeout: Optional[float] = None) -> List[Candidate]:
        """At least one and up to n candidates; blocks until there is one. [] when none has come within timeout seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        found: List[Candidate] = []
        while not found:
            self._alive()
            left = 0.5 if end is None else min(0.5, end - time.monotonic())
            try:
                found.append(self._waiting.get(timeout=max(0.0, left)))
            except queue.Empty:
                if end is not None and time.monotonic() >= end:
                    return []
        while len(found) < n and not self._waiting.empty():
            found.append(self._waiting.get())
        return found

    def tell(self, candidate: Candidate, **values: Any) -> None:
        """Its metrics: a number each, or {"value": 91.5, "low": 91.2, "high": 91.8, "n": 10000}; samples_us in place of latency."""
        self._tell(candidate, checked(values, candidate.metrics))

    def tell_infeasible(self, candidate: Candidate, reason: str) -> None:
        """It cannot run: a result."""
        self._tell(candidate, {"infeasible": reason or "infeasible"})

    def tell_error(self, candidate: Candidate, reason: str) -> None:
        """It could not be judged, through no fault of its own: tried once more."""
        self._tell(candidate, {"error": reason or "error"})

    def _tell(self, candidate: Candidate, fields: Dict[str, Any]) -> None:
        if candidate._told:
            raise SonataError("this candidate has been told")
        candidate._told = True
        candidate._answer.put(fields)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        line = Line(connection.fileno(), connection.fileno())
        try:
            with connection:
                line.hear()
                line.say({"ready": True, "metrics": self.metrics, "name": "ask/tell", "version": sonata.__version__})
                for request in iter(line.hear, None):
                    if "id" in request:
                        line.say({"id": request["id"], **self._values_of(request, line)})
        except OSError:
            pass  # the relay is gone, and its worker knows

    def _values_of(self, request: Dict[str, Any], line: Line) -> Dict[str, Any]:
        genes = json.dumps(request["genotype"], sort_keys=True)
        if request.get("check") and genes in self._known:
            return self._known[genes]
        candidate = Candidate(request)
        self._waiting.put(candidate)
        while True:
            try:
                fields = candidate._answer.get(timeout=0.05)
                break
            except queue.Empty:
                if line.canceled(candidate._id):
                    candidate.canceled = True
                    return {"canceled": True}
                if select.select([line.source], [], [], 0)[0] and not line.waiting:
                    raise OSError("the relay is gone") from None
        if "metrics" in fields:
            self._known = {genes: fields}
        return fields

    def close(self, timeout: float = 5.0) -> None:
        """Ends the board. What was told reaches the master first, if it can within timeout seconds; what was not is given back."""
        if self._closed:
            return
        self._closed = True
        spool = os.path.join(self._state, "spool")
        end = time.monotonic() + timeout
        time.sleep(0.1)  # from the relay to the spool
        while time.monotonic() < end and self._worker.poll() is None and os.path.isfile(spool) and os.path.getsize(spool):
            time.sleep(0.05)
        if self._worker.poll() is None:
            self._worker.send_signal(signal.SIGTERM)
            try:
                self._worker.wait(10)
            except subprocess.TimeoutExpired:
                self._worker.kill()
                self._worker.wait()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def relay(path: str) -> int:
    """Stdin to a socket and back, until either ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(path)
        while True:
            ready = select.select([0, s], [], [])[0]
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    return 0
                s.sendall(data)
            if s in ready:
                data = s.recv(1 << 16)
                if not data:
                    return 0
                while data:
                    data = data[os.write(1, data):]
