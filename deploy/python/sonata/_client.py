"""Searches of a master from Python."""
from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Optional

from sonata._transport import Program, Record, SonataError, Transport, Web


class Search:
    """A search on a master. Everything is asked anew at each call."""

    def __init__(self, transport: Transport, ident: str) -> None:
        self._transport = transport
        self.id = ident

    def __repr__(self) -> str:
        return f"<sonata.Search {self.id}>"

    def status(self) -> Record:
        """State (running, paused, done, failed, canceled), evaluations of budget, pending, front_size, hypervolume …: docs/JSON.md."""
        return self._transport.status(self.id)

    def follow(self, every_s: float = 1.0) -> Iterator[Record]:
        """Its status, every so often, until it has ended."""
        return self._transport.follow(self.id, every_s)

    def wait(self, every_s: float = 1.0) -> Record:
        """Blocks until the search has ended; the last status. Raises SonataError when it failed."""
        last: Record = {}
        for last in self.follow(every_s):
            pass
        if last["state"] == "failed":
            raise SonataError(f"search {self.id} failed: {last['reason']}")
        return last

    def front(self) -> List[Record]:
        """The Pareto front: a dictionary each, with id, genes, values, low and high (95 % interval) by metric, board."""
        return self._transport.individuals(self.id, True)

    def individuals(self) -> List[Record]:
        """All of them, as front() gives them; "state" is pending, done, infeasible or failed, "reason" says why."""
        return self._transport.individuals(self.id, False)

    def to_dataframe(self, front: bool = False) -> Any:
        """A pandas.DataFrame with a row for each individual: id, state, front, each metric with _low and _high, each gene, board, reason."""
        try:
            import pandas  # type: ignore[import] # only here
        except ImportError:
            raise SonataError("to_dataframe() needs pandas (Debian: python3-pandas)") from None
        rows = [flat(r) for r in (self.front() if front else self.individuals())]
        return pandas.DataFrame(rows).set_index("id") if rows else pandas.DataFrame()

    def pause(self) -> None:
        self._transport.control(self.id, "pause", None)

    def resume(self) -> None:
        self._transport.control(self.id, "resume", None)

    def cancel(self) -> None:
        """Ends it for good; its results stay."""
        self._transport.control(self.id, "cancel", None)

    def extend(self, evaluations: int) -> None:
        """Adds to its budget; one that is done goes on."""
        self._transport.control(self.id, "extend", evaluations)


class Farm:
    """A master, by one of the ways to it (connect())."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(self, path: str) -> Search:
        """Sends a search file, as `sonata submit` does."""
        return Search(self._transport, self._transport.submit(path))

    def searches(self) -> List[Record]:
        """Status of each search the key or token may see, oldest first."""
        return self._transport.searches()

    def search(self, which: Any) -> Search:
        """By number or name; it has to be there."""
        return Search(self._transport, str(self._transport.status(str(which))["id"]))

    def boards(self) -> List[Record]:
        """The boards and what they do."""
        return self._transport.boards()


def flat(record: Record) -> Dict[str, Any]:
    """A record in one level; a gene that is named like something else becomes gene_NAME."""
    row = {k: record[k] for k in ("id", "state", "front")}
    for name, value in record["values"].items():
        row[name], row[f"{name}_low"], row[f"{name}_high"] = value, record["low"][name], record["high"][name]
    row["board"], row["reason"] = record["board"], record["reason"]
    for name, value in record["genes"].items():
        row[f"gene_{name}" if name in row else name] = value
    return row


def connect(server: Optional[str] = None, *, key: Optional[str] = None, token: Optional[str] = None, program: str = "sonata") -> Farm:
    """A farm by the address of its sonata-web (http://…, with a token: $SONATA_TOKEN) or of its master (tcp://…, with a key file).

    The second way calls the program `sonata`, and what is not given comes from its configuration ($SONATA_SERVER, $SONATA_KEY, client.yaml). It can do
    everything; sonata-web takes no search files."""
    server = server or os.environ.get("SONATA_URL")
    if server and server.startswith(("http://", "https://")):
        return Farm(Web(server, token or os.environ.get("SONATA_TOKEN")))
    return Farm(Program(server, key, program))
