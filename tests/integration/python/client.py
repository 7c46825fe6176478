"""The Python client against a real farm: by the program and by sonata-web the same, fronts as dictionaries and data frames; a program that is a board, its
candidates leased and given back when it dies.   client.py BIN_FOLDER SOURCE_FOLDER"""
import os
import pathlib
import subprocess
import sys
import threading

source = pathlib.Path(sys.argv[2])
sys.path[:0] = [str(source / "deploy" / "python"), str(source / "tests" / "integration" / "web")]
import farm as farms  # noqa: E402 # pylint: disable=wrong-import-position
import sonata  # noqa: E402 # pylint: disable=wrong-import-position

checks = 0


def check(condition, text):
    global checks
    checks += 1
    if not condition:
        raise AssertionError(text)


def refused(code, text, call, *args):
    try:
        call(*args)
    except sonata.SonataError as e:
        check(e.code == code and text in str(e), f"{e.code}: {e}, where {code} {text} was expected")
        return
    raise AssertionError(f"nothing was refused; {code} {text} was expected")


def client(f):
    mine = sonata.connect(f.client_port, key=f.key("vision"), program=str(f.bin / "sonata"))
    (f.folder / "s.yaml").write_text(farms.search_text("s", 60, objectives=2))
    search = mine.submit(str(f.folder / "s.yaml"))
    last = search.wait(0.2)
    check(last["state"] == "done" and last["evaluations"] >= 60, last)
    front = search.front()
    check(len(front) == last["front_size"] > 0, f"{len(front)} on the front")
    one = front[0]
    check(one["front"] and set(one["genes"]) == set(farms.GENES) and set(one["values"]) == {"accuracy@bench", "latency@bench"}, one)
    check(all(one["low"][m] <= one["values"][m] <= one["high"][m] for m in one["values"]), one)
    every = search.individuals()
    check(len(every) >= 60 and {r["state"] for r in every} <= {"done", "infeasible"}, len(every))
    check([s["name"] for s in mine.searches()] == ["s"] and mine.search("s").id == search.id, mine.searches())
    check({b["id"] for b in mine.boards()} == {"bench-1", "bench-2"}, mine.boards())
    search.extend(10)
    check(search.wait(0.2)["evaluations"] >= 70, "extended")
    refused(3, "no search '99'", mine.search, 99)
    refused(3, "nothing.yaml", mine.submit, "nothing.yaml")
    refused(1, "is not here", sonata.connect(program="no-such-program").searches)
    return search


def over_http(f, search):
    web = f.web("vision", "--host", "127.0.0.1")
    there = sonata.connect(f"http://{web.host}:{web.port}", token=web.token)
    same = there.search(search.id)
    theirs, ours = same.front(), search.front()
    key = lambda r: r["id"]  # noqa: E731
    for a, b in zip(sorted(theirs, key=key), sorted(ours, key=key)):
        check(a["id"] == b["id"] and a["genes"] == b["genes"] and a["board"] == b["board"], f"{a}\n{b}")
        check(all(abs(a["values"][m] - b["values"][m]) < 1e-9 * abs(b["values"][m]) + 1e-12 for m in b["values"]), f"{a}\n{b}")
    check(len(theirs) == len(ours) and len(same.individuals()) == len(search.individuals()), "not the same individuals")
    check(same.status()["state"] == "done" and there.search("s").id == search.id, same.status())
    same.extend(5)
    check(same.wait(0.2)["evaluations"] >= 75, "extended over HTTP")
    refused(405, "takes no search files", there.submit, "s.yaml")
    refused(401, "", sonata.connect(there._transport.base[: -len("/api/v1")], token="wrong").searches)


def data_frame(search):
    try:
        import pandas  # noqa: F401 # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        refused(1, "needs pandas", search.to_dataframe)
        print("skipped: data frames (Debian: python3-pandas)", file=sys.stderr)
        return
    table = search.to_dataframe()
    front = table[table.front]
    check(len(table) == len(search.individuals()) and len(front) == len(search.to_dataframe(front=True)), len(table))
    check({"state", "accuracy@bench", "latency@bench_low", "board", *farms.GENES} <= set(table.columns), list(table.columns))
    check(front["accuracy@bench"].min() >= 72, front)


OWN = """name: own
space: ./space.yaml
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: lab, goal: min}
algorithm: {name: random}
budget: {evaluations: 30}
seed: 4
"""


def truth(genes):
    return 60 + genes["d1"] + 2 * genes["d2"], 1 + genes["w1"] * genes["d1"]


def ask_and_tell(f):
    f.sonata("admin", "keys", "new", "lab", "--role", "worker")
    mine = sonata.connect(f.client_port, key=f.key("vision"), program=str(f.bin / "sonata"))
    (f.folder / "own.yaml").write_text(OWN)
    search = mine.submit(str(f.folder / "own.yaml"))
    arguments = {"metrics": ["accuracy", "latency"], "master": f.worker_port, "key": f.key("lab"), "program": str(f.bin / "sonata-worker")}
    # A program that asks and dies: what it asked for is given to the next.
    dies = (f"import sonata, os\nb = sonata.Board('lab', slots=3, **{arguments!r})\nc = []\nwhile len(c) < 3: c += b.ask(3)\n"
            "print([x.genes for x in c], flush=True)\nos.kill(os.getpid(), 9)\n")
    done = subprocess.run([sys.executable, "-c", dies], env={**os.environ, "PYTHONPATH": str(source / "deploy" / "python")}, capture_output=True, text=True,
                          timeout=60, check=False)
    check(done.returncode == -9 and done.stdout.count("{") == 3, f"{done.returncode} {done.stdout} {done.stderr}")
    ended = threading.Event()
    threading.Thread(target=lambda: (search.wait(0.2), ended.set()), daemon=True).start()
    seen, infeasible, most = 0, 0, 0
    with sonata.Board("lab", slots=3, **arguments) as board:
        while not ended.is_set():
            got = board.ask(8, timeout=0.5)
            most = max(most, len(got))
            for candidate in got:
                seen += 1
                if seen % 10 == 0:
                    infeasible += 1
                    board.tell_infeasible(candidate, "ram: 5 bytes missing")
                    continue
                accuracy, latency = truth(candidate.genes)
                board.tell(candidate, accuracy={"value": accuracy, "low": accuracy - 1, "high": accuracy + 1}, latency=latency)
        try:
            board.tell(candidate, accuracy=1, latency=1)
            raise AssertionError("told twice")
        except sonata.SonataError as e:
            check("has been told" in str(e), e)
    refused(1, "is closed", board.ask)
    every = search.individuals()
    told = [r for r in every if r["state"] == "done"]
    check(len(told) + infeasible >= 30 and most >= 2, f"{len(told)} told, {infeasible} infeasible, {most} at a time")
    for r in told:
        accuracy, latency = truth(r["genes"])
        check(abs(r["values"]["accuracy"] - accuracy) < 1e-9 and abs(r["values"]["latency@lab"] - latency) < 1e-9, r)
        check(abs(r["low"]["accuracy"] - accuracy + 1) < 1e-9, r)
    check(sum(r["state"] == "infeasible" and "5 bytes missing" in r["reason"] for r in every) == infeasible, "infeasible")
    check(not any(r["state"] == "failed" for r in every), "something failed, though a program only died")
    try:
        sonata.Board("lab", **{**arguments, "key": "/no/such.key"}).ask(timeout=20)
        raise AssertionError("a key that is not there was taken")
    except sonata.SonataError as e:
        check("no/such.key" in str(e), e)


with farms.Farm(sys.argv[1]) as a_farm:
    a_search = client(a_farm)
    data_frame(a_search)
    over_http(a_farm, a_search)
    ask_and_tell(a_farm)
print(f"{checks} checks")
