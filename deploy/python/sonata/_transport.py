"""How a client reaches a master: through `sonata-web` (HTTP), or through the program `sonata` with a key. Both give the same dictionaries."""
from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Iterator, List, Optional

Record = Dict[str, Any]
UNFINISHED = ("running", "paused")


class SonataError(Exception):
    """The master, or the way to it, refused. `code` is the exit code of `sonata` (docs/CLI.md) or the HTTP status."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Transport:
    """What Farm and Search need."""

    def searches(self) -> List[Record]:
        raise NotImplementedError

    def status(self, search: str) -> Record:
        """Counters and state; "spec" is what was asked for."""
        raise NotImplementedError

    def individuals(self, search: str, front: bool) -> List[Record]:
        """id, state, front, genes, values, low, high, board, reason of each."""
        raise NotImplementedError

    def control(self, search: str, action: str, number: Optional[int]) -> None:
        raise NotImplementedError

    def submit(self, path: str) -> str:
        raise NotImplementedError

    def boards(self) -> List[Record]:
        raise NotImplementedError

    def follow(self, search: str, every_s: float) -> Iterator[Record]:
        """Its status, again and again until it has ended."""
        while True:
            status = self.status(search)
            yield status
            if status["state"] not in UNFINISHED:
                return
            time.sleep(every_s)


class Program(Transport):
    """`sonata … --json` (docs/JSON.md), with the rights of a key. What is not given comes from the program's own configuration and environment."""

    def __init__(self, server: Optional[str], key: Optional[str], program: str) -> None:
        self.head = [program]
        self.options = (["--server", server] if server else []) + (["--key", key] if key else [])

    def run(self, *words: str, json_option: bool = True) -> Any:
        if json_option:
            words = (words[0], "--json", *words[1:])
        try:
            done = subprocess.run([*self.head, words[0], *self.options, *words[1:]], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise SonataError(f"the program '{self.head[0]}' is not here: install the package sonata, or connect to http://…") from None
        if done.returncode:
            raise SonataError(done.stderr.strip() or f"sonata {words[0]} ended with {done.returncode}", done.returncode)
        return json.loads(done.stdout)

    def searches(self) -> List[Record]:
        return list(self.run("list"))

    def status(self, search: str) -> Record:
        return dict(self.run("show", search))

    def individuals(self, search: str, front: bool) -> List[Record]:
        found = self.run("front", search) if front else self.run("export", "--format", "json", "--all", search, json_option=False)
        return [self.record(i) for i in found["individuals"]]

    @staticmethod
    def record(i: Record) -> Record:
        metrics = i["metrics"]
        return {"id": i["id"], "state": i["state"], "front": i["front"], "genes": i["genes"], "values": {m: v["value"] for m, v in metrics.items()},
                "low": {m: v["low"] for m, v in metrics.items()}, "high": {m: v["high"] for m, v in metrics.items()},
                "board": i.get("board", ""), "reason": i.get("reason", "")}

    def control(self, search: str, action: str, number: Optional[int]) -> None:
        self.run(action, "--", search, *([str(number)] if number is not None else []))

    def submit(self, path: str) -> str:
        return str(self.run("submit", path)["id"])

    def boards(self) -> List[Record]:
        return list(self.run("boards"))


class Web(Transport):
    """`sonata-web`'s API (docs/WEB.md), with a token."""

    PAGE = 5000

    def __init__(self, url: str, token: Optional[str]) -> None:
        self.base = url.rstrip("/") + "/api/v1"
        self.token = token

    def ask(self, path: str, body: Optional[Record] = None) -> Any:
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = os.urandom(12).hex()
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as e:
            raise SonataError(self.reason(e), e.code) from None
        except urllib.error.URLError as e:
            raise SonataError(f"{self.base}: {e.reason}", 4) from None

    @staticmethod
    def reason(e: urllib.error.HTTPError) -> str:
        try:
            return str(json.loads(e.read())["error"])
        except (ValueError, KeyError, TypeError):
            return f"HTTP status {e.code}"

    def searches(self) -> List[Record]:
        return list(self.ask("/searches")["searches"])

    def number(self, search: str) -> str:
        """Ids stay; names are those of the newest."""
        if search.isdigit():
            return search
        found = [s for s in self.searches() if s["name"] == search]
        if not found:
            raise SonataError(f"there is no search '{search}'", 404)
        return str(found[-1]["id"])

    def status(self, search: str) -> Record:
        answer = self.ask(f"/searches/{self.number(search)}")
        return {**answer["search"], "spec": answer["spec"]}

    def individuals(self, search: str, front: bool) -> List[Record]:
        ident = self.number(search)
        spec = self.ask(f"/searches/{ident}")["spec"]
        columns = "id,state,front,values,low,high,genes,board,reason"
        found: List[Record] = []
        start: Optional[int] = 0
        while start is not None:
            path = f"/searches/{ident}/front?columns={columns}" if front else f"/searches/{ident}/individuals?columns={columns}&limit={self.PAGE}&from={start}"
            page = self.ask(path)
            found += [self.record(dict(zip(page["columns"], row)), spec) for row in page["rows"]]
            start = None if front else page["next"]
        return found

    @staticmethod
    def record(row: Record, spec: Record) -> Record:
        names = [o["metric"] + (f"@{o['board']}" if o.get("board") else "") for o in spec["objectives"]]
        genes = {g["name"]: choice(g["choices"][int(digit, 16)]) for g, digit in zip(spec["space"]["genes"], row["genes"]) if digit != "."}
        by_name = {k: dict(zip(names, row[k])) for k in ("values", "low", "high")}
        return {"id": row["id"], "state": row["state"], "front": row["front"], "genes": genes, **by_name, "board": row["board"], "reason": row["reason"]}

    def control(self, search: str, action: str, number: Optional[int]) -> None:
        body: Record = {"action": action}
        if number is not None:
            body["evaluations" if action == "extend" else "priority"] = number
        self.ask(f"/searches/{self.number(search)}/control", body)

    def submit(self, path: str) -> str:
        raise SonataError(f"{path}: sonata-web takes no search files; connect to the master itself: sonata.connect('tcp://…', key=…)", 405)

    def boards(self) -> List[Record]:
        return list(self.ask("/boards")["boards"])


def choice(text: str) -> Any:
    """A choice as evaluators get it: a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
