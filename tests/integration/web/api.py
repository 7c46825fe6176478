#!/usr/bin/env python3
"""The API against its contract, both ways: every route of the server is in openapi.json and the other way round, and every answer of a real farm fits its
schema. Then what the contract cannot say: cursors, revisions, ETags, steering, the event stream, restarts of the master.

    api.py BIN_FOLDER SOURCE_FOLDER
"""
import http.client
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import schema  # noqa: E402
from farm import CHECKS, Farm, check, search_text  # noqa: E402


def check_routes(doc, source):
    text = (pathlib.Path(source) / "master/web/routes.c").read_text()
    server = set(re.findall(r'\{"(GET|POST|DELETE|PUT)", "([^"]+)"', text))
    contract = {(method.upper(), path) for path, methods in doc["paths"].items() for method in methods}
    check(len(server) > 15, "the routes are not found in routes.c")
    check(not server - contract, f"in the server, not in openapi.json: {sorted(server - contract)}")
    check(not contract - server, f"in openapi.json, not in the server: {sorted(contract - server)}")


def check_get(doc, web, pattern, path, query=""):
    answer = web.ask("GET", path + query)
    check(answer.status == 200, f"GET {path}: {answer.status} {answer.body[:200]}")
    operation = doc["paths"][pattern]["get"]
    found = schema.findings(doc, operation["responses"]["200"]["content"]["application/json"]["schema"], answer.json())
    check(not found, f"GET {path}{query}: " + "; ".join(found[:5]))
    return answer.json()


def check_answers(doc, web):
    examples = {"{search}": "1", "{individual}": "3", "{board}": "bench-1"}
    for pattern, methods in doc["paths"].items():
        if "get" not in methods or pattern == "/events" or pattern.endswith("network.onnx"):
            continue
        path = pattern
        for name, value in examples.items():
            path = path.replace(name, value)
        check_get(doc, web, pattern, path)
    for path in ("/searches/99", "/searches/x", "/nothing", "/searches/1/individuals/99999", "/searches/1/individuals?columns=zebra",
                 "/searches/1/individuals?from=-1", "/boards/none/history", "/boards/bench-1/history?from=zz"):
        answer = web.ask("GET", path)
        check(answer.status in (400, 404), f"GET {path}: {answer.status}")
        check(not schema.findings(doc, {"$ref": "#/components/schemas/Error"}, answer.json()), f"GET {path}: the error has no form")


def all_rows(web, columns, limit, **query):
    rows, start, pages = [], 0, 0
    while start is not None:
        more = "".join(f"&{k}={v}" for k, v in query.items())
        page = web.get(f"/searches/1/individuals?columns={columns}&limit={limit}&from={start}{more}")
        rows += page["rows"]
        start, pages = page["next"], pages + 1
    return rows, pages


def check_submit(doc, farm, web):
    """A file of the browser is looked at as `sonata check` does, no file that it names is read, and what is submitted runs; forks begin with what was measured."""
    space = (farm.folder / "space.yaml").read_text()
    text = search_text("from-the-browser", 30, seed=21)
    good = web.post("/searches/check", {"file": text, "space": space}).json()
    found = schema.findings(doc, {"$ref": "#/components/schemas/Checked"}, good)
    check(good["valid"] and not found and good["spec"]["name"] == "from-the-browser" and good["architectures"] == 1600, f"a good file: {good} {found}")
    secret = farm.folder / "secret.yaml"
    secret.write_text("name: do-not-tell\n")
    for wrong, word in ((text.replace("goal: max", "goal: maximum"), "goal"), (text, "send it, too"), (text.replace("./space.yaml", str(secret)), "send it, too"),
                        (text.replace("./space.yaml", "../../etc/passwd"), "send it, too"), (text + f"evaluation: {{dataset: x, supernet: {secret}}}\n", "supernet"),
                        (text.replace("{name: sonata+}", f"{{name: sonata+, policy: {secret}}}"), "policy"), ("", "expected"), ("a: [", "")):
        told = web.post("/searches/check", {"file": wrong, **({"space": space} if word in ("goal", "supernet", "policy") else {})}).json()
        check(not told["valid"] and word in told["error"] and "do-not-tell" not in told["error"], f"{word}: {told}")
        check(web.post("/searches", {"file": wrong, **({"space": space} if word in ("goal", "supernet", "policy") else {})}).status == 400, f"{word} is submitted")
    key = {"Idempotency-Key": "submit-once"}
    first = web.post("/searches", {"file": text, "space": space}, headers=key)
    check(first.status == 200 and web.post("/searches", {"file": text, "space": space}, headers=key).json() == first.json(), f"submitted twice: {first.body}")
    number = first.json()["search"]
    farm.wait(lambda: web.get(f"/searches/{number}")["search"]["state"] == "done", "the search of the browser")
    forked = web.post("/searches", {"fork_of": number, "evaluations": 40, "objectives": ["latency@bench:min", "accuracy@bench:max"]})
    check(forked.status == 200, f"a fork: {forked.body}")
    fork = forked.json()["search"]
    farm.wait(lambda: web.get(f"/searches/{fork}")["search"]["state"] == "done", "the fork")
    got = web.get(f"/searches/{fork}")
    check(got["search"]["name"] == "from-the-browser-fork" and [o["metric"] for o in got["spec"]["objectives"]] == ["latency", "accuracy"] and got["search"]["reused"] >= 25, f"the fork: {got['search']}")
    for wrong in ({"fork_of": 999}, {"fork_of": number, "evaluations": 0}, {"fork_of": number, "objectives": ["speed"]}, {"fork_of": "x"}, {}):
        check(web.post("/searches", wrong).status in (400, 404), f"submitted: {wrong}")
    check(web.ask("GET", f"/searches/{number}/individuals/0/network.onnx").status == 501, "a network of a table")


def check_board_orders(farm, web):
    """disown lets a name go; invalidate takes back what was measured."""
    check(web.post("/boards/bench-1/control", {"action": "disown"}).status == 200 and web.post("/boards/none/control", {"action": "disown"}).status == 404, "disown")
    for wrong in ({}, {"from": 5, "to": 4}, {"from": "yesterday"}, {"from": -1}):
        check(web.post("/boards/bench-1/control", {"action": "invalidate", **wrong}).status == 400, f"invalidate {wrong}")
    check(web.post("/boards/bench-1/control", {"action": "invalidate", "from": 1000, "to": 2000, "reason": "test"}).status == 200, "invalidate")
    entries = [e["text"] for e in web.get("/audit")["entries"]]
    check(any("bench-1: invalidate: test" in e for e in entries) and any("bench-1: disown" in e for e in entries), f"orders in the audit log: {entries[-5:]}")


def check_pages(web):
    whole = web.get("/searches/1/individuals?columns=id,state,values,front&limit=50000")
    rows, pages = all_rows(web, "id,state,values,front", 7)
    check(rows == whole["rows"], "pages and the whole differ")
    check(pages == -(-len(rows) // 7), f"{pages} pages for {len(rows)} rows of 7")
    check(len(rows) == whole["total"], "total is not the number of rows")
    front = web.get("/searches/1/front?columns=id")
    check([r[0] for r in front["rows"]] == [r[0] for r in rows if r[3]], "the front is not the rows that are on it")
    check(web.get(f"/searches/1/individuals?since={whole['revision']}")["rows"] == [], "something is newer than the newest revision")
    done = [r for r in all_rows(web, "id,state,values,front", 50, state="done")[0]]
    check(done == [r for r in rows if r[1] == "done"], "the filter by state")
    genes = web.get("/searches/1/genes")
    check(genes["measured"] == len(done) and genes["front"] == len(front["rows"]), "counts of genes")
    for gene in genes["genes"]:
        check(sum(gene["measured"]) + gene["silent"] == len(done), f"{gene['name']}: choices do not add up")


def check_same_as_cli(farm, web):
    """What the browser shows is what the client says."""
    front = json.loads(farm.sonata("admin", "front", "1", "--json"))
    rows = web.get("/searches/1/front?columns=id,values,genes")["rows"]
    check(sorted(x["id"] for x in front["individuals"]) == [r[0] for r in rows], "the front of `sonata front` is another")
    by_id = {x["id"]: x for x in front["individuals"]}
    for number, values, _ in rows:
        metrics = by_id[number]["metrics"]
        for mine, theirs in zip(values, (metrics["accuracy@bench"]["value"], metrics["latency@bench"]["value"])):
            check(abs(mine - theirs) <= 1e-14 * abs(theirs), f"a value of {number}: {mine} and {theirs}") # cJSON prints 15 digits


def check_individual(web):
    x = web.get("/searches/1/individuals/3")
    check(x["layers"] and x["layers"][0]["role"] == "stem" and x["layers"][-1]["role"] == "classifier", "layers from stem to classifier")
    blocks = {(layer["stage"], layer["block"]) for layer in x["layers"] if "stage" in layer}
    genes = x["individual"]["genes"]
    check(len(blocks) == genes["d1"] + genes["d2"], f"{len(blocks)} blocks for depths {genes['d1']} and {genes['d2']}")
    check(set(x["inactive"]) == {g for g in ("k12", "e12", "k22", "e22") if g not in genes}, "inactive genes")
    check(len(x["attempts"]) >= 1 and x["attempts"][0]["outcome"] == "ok" and x["attempts"][0]["conditions"], "the attempt's record")


def check_etag(web):
    first = web.ask("GET", "/searches/1/front")
    again = web.ask("GET", "/searches/1/front", headers={"If-None-Match": first.headers["ETag"]})
    check(again.status == 304 and not again.body, f"the same ETag: {again.status}")
    plain = web.ask("GET", "/searches/1/individuals?limit=500", headers={"Accept-Encoding": "identity"})
    packed = web.ask("GET", "/searches/1/individuals?limit=500")
    check(plain.headers["Content-Encoding"] is None and packed.headers["Content-Encoding"] == "gzip" and plain.body == packed.body, "gzip")


class Events:
    """The event stream on one connection."""

    def __init__(self, web, since=None, last=None):
        self.connection = http.client.HTTPConnection(web.host, web.port, timeout=30)
        headers = {"Authorization": f"Bearer {web.token}"}
        if last:
            headers["Last-Event-ID"] = str(last)
        self.connection.request("GET", "/api/v1/events" + (f"?since={since}" if since is not None else ""), headers=headers)
        self.answer = self.connection.getresponse()
        check(self.answer.status == 200 and self.answer.getheader("Content-Type") == "text/event-stream", "the stream does not begin")

    def next(self):
        """(number, value) of the next message."""
        number = None
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                return number, json.loads(line[6:])

    def until(self, condition):
        while True:
            number, value = self.next()
            if condition(value):
                return number, value

    def close(self):
        self.connection.close()


def check_events(doc, farm, web):
    revision = web.get("/me")["revision"]
    stream = Events(web, since=revision)
    farm.submit("vision", "live", 400, seed=5)
    number, value = stream.until(lambda v: any(s["name"] == "live" for s in v["searches"]))
    found = schema.findings(doc, {"$ref": "#/components/schemas/Change"}, value)
    check(not found, "an event: " + "; ".join(found[:3]))
    search = next(s["id"] for s in value["searches"] if s["name"] == "live")
    seen = {row[0]: row[1] for row in web.get(f"/searches/{search}/individuals?columns=id,state&limit=50000")["rows"]}
    start, messages = time.monotonic(), 0
    while True: # rows that changed, from one event to the next, are all there is
        number, value = stream.next()
        messages += 1
        if not any(s["id"] == search for s in value["searches"]):
            continue
        since = getattr(stream, "since", revision)
        page = web.get(f"/searches/{search}/individuals?columns=id,state&limit=50000&since={since}")
        stream.since = page["revision"]
        seen.update((row[0], row[1]) for row in page["rows"])
        if any(s["id"] == search and s["state"] == "done" for s in value["searches"]):
            break
    spent = time.monotonic() - start
    check(messages <= 2 * spent + 3, f"{messages} messages in {spent:.1f} s")
    whole = {row[0]: row[1] for row in web.get(f"/searches/{search}/individuals?columns=id,state&limit=50000")["rows"]}
    check(seen == whole, "what the events told is not what there is")
    stream.close()
    missed = Events(web, last=revision)
    check(any(s["name"] == "live" for s in missed.next()[1]["searches"]), "what was missed is not told after Last-Event-ID")
    missed.close()
    return search


def check_steering(farm, web, search):
    farm.submit("vision", "long", 1500, seed=9)
    number = max(s["id"] for s in web.get("/searches")["searches"])
    state = lambda: web.get(f"/searches/{number}")["search"]  # noqa: E731
    for body, expected in (({"action": "paint"}, 400), ({"action": "extend"}, 400), ({"action": "priority", "priority": 1.5}, 400), ({}, 400)):
        check(web.post(f"/searches/{number}/control", body).status == expected, f"{body} is accepted")
    check(web.post("/searches/9999/control", {"action": "pause"}).status == 404, "a search that is not there is paused")
    check(web.post(f"/searches/{number}/control", {"action": "pause"}).status == 200 and state()["state"] == "paused", "pause")
    check(web.post(f"/searches/{number}/control", {"action": "priority", "priority": 7}).status == 200 and state()["priority"] == 7, "priority")
    key = {"Idempotency-Key": "extend-once"}
    for _ in range(3):
        check(web.post(f"/searches/{number}/control", {"action": "extend", "evaluations": 50}, headers=key).status == 200, "extend")
    check(state()["budget"] == 1550, f"extended three times with one Idempotency-Key: {state()['budget']}")
    check(web.post(f"/searches/{number}/control", {"action": "resume"}).status == 200 and state()["state"] == "running", "resume")
    check(web.post(f"/searches/{number}/control", {"action": "cancel"}).status == 200, "cancel")
    check(state()["state"] == "canceled", "canceled")
    check(web.post("/boards/bench-2/control", {"action": "drain", "reason": "from the test"}).status == 200, "drain")
    held = lambda: next(b for b in web.get("/boards")["boards"] if b["id"] == "bench-2")  # noqa: E731
    check(held()["held"] == "drain" and "from the test" in held()["held_why"], f"drained: {held()}")
    check(any("drain" in e["text"] for e in web.get("/audit")["entries"]), "the order is not in the audit log")
    check(web.post("/boards/bench-2/control", {"action": "release"}).status == 200, "release")


def check_restart(farm, web):
    before = web.get("/searches/1/individuals?columns=id,values,state")["rows"]
    farm.restart_master()
    farm.wait(lambda: web.get("/me"), "the master after kill -9")
    check(web.get("/searches/1/individuals?columns=id,values,state")["rows"] == before, "individuals after a restart of the master")


def main():
    schema.self_test()
    with Farm(sys.argv[1]) as farm:
        farm.submit("vision", "first", 60)
        farm.submit("audio", "second", 40, objectives=3)
        web = farm.web()
        doc = web.get("/openapi.json", token=False)
        check_routes(doc, sys.argv[2])
        farm.wait(lambda: all(s["state"] == "done" for s in web.get("/searches")["searches"]), "the searches")
        check_answers(doc, web)
        check_pages(web)
        check_same_as_cli(farm, web)
        check_individual(web)
        check_etag(web)
        check_submit(doc, farm, web)
        check_board_orders(farm, web)
        search = check_events(doc, farm, web)
        check_steering(farm, web, search)
        check_restart(farm, web)
        check(farm.stop("web") == 0, "sonata-web does not end orderly")
    print(f"{CHECKS[0]} checks passed")


if __name__ == "__main__":
    main()
