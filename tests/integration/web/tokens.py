#!/usr/bin/env python3
"""One sonata-web for two teams, with a key of role web: every request has the rights of its token and no others, through every page, endpoint, event and
metric; scopes, links that work once, shared searches, revoked tokens and keys, guessing, the audit log, no secret where none belongs.

    tokens.py BIN_FOLDER SOURCE_FOLDER
"""
import json
import pathlib
import re
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from farm import CHECKS, Farm, check  # noqa: E402


def token(farm, key, *options):
    return json.loads(farm.sonata(key, "token", "new", *options, "--json"))["token"]


class User:
    """Asks with one token."""

    def __init__(self, web, secret):
        self.web, self.secret = web, secret
        self.headers = {"Authorization": f"Bearer {secret}"}

    def status(self, path, method="GET", body=None, base="/api/v1"):
        return self.web.ask(method, path, body=body, headers=self.headers, token=False, base=base).status

    def get(self, path):
        answer = self.web.ask("GET", path, headers=self.headers, token=False)
        check(answer.status == 200, f"GET {path}: {answer.status} {answer.body[:200]}")
        return answer.json()

    def text(self, path, base="/api/v1"):
        return self.web.ask("GET", path, headers=self.headers, token=False, base=base).body.decode()


class Stream:
    """Everything an event stream says, as it comes; closed: the server ended it."""

    def __init__(self, web, secret):
        self.peer = socket.create_connection((web.host, web.port), timeout=20)
        self.peer.sendall(f"GET /api/v1/events?since=0 HTTP/1.1\r\nHost: {web.host}\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
        self.peer.setblocking(False)
        self.text, self.closed = "", False

    def read(self):
        try:
            while part := self.peer.recv(65536):
                self.text += part.decode()
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
        self.closed = self.closed or self.text.endswith("0\r\n\r\n")
        return self.text


READ_PATHS = ("", "/individuals", "/front", "/genes", "/insight", "/individuals/0")


def check_rights_are_the_tokens(farm, web, vision, audio):
    check(web.ask("GET", "/searches").status == 401, "the token of --token-file opens with a key that may do nothing")
    check(web.ask("GET", "/searches", token=False).status == 401, "no token")
    for _ in range(3): # both in turn: copies must not be shared
        check([s["name"] for s in vision.get("/searches")["searches"]] == ["eyes"], "vision's list")
        check([s["name"] for s in audio.get("/searches")["searches"]] == ["ears", "ears2"], "audio's list")
        check(vision.get("/searches/1")["search"]["name"] == "eyes" and audio.get("/searches/1")["search"]["name"] == "ears", "number 1 is each team's own")
        for path in READ_PATHS:
            mine, theirs = vision.text("/searches/1" + path), audio.text("/searches/1" + path)
            check("ears" not in mine and "eyes" not in theirs, f"/searches/1{path} names the other's search")
    rows = vision.get("/searches/1/individuals?columns=id,values")["rows"]
    listed = {x["id"]: x for x in json.loads(farm.sonata("vision", "export", "1", "--all"))["individuals"]}
    done = [r for r in rows if r[1][0] is not None]
    check(len(done) > 30 and all(abs(listed[r[0]]["metrics"]["accuracy@bench"]["value"] - r[1][0]) < 1e-9 for r in done if r[0] in listed), "vision's values are its own")
    for path in READ_PATHS:
        absent, foreign = vision.text("/searches/99" + path), vision.text("/searches/2" + path)
        check(absent.replace("99", "N") == foreign.replace("2", "N", 1) and "not_found" in absent, f"{path}: what is not there and what is another's differ: {absent} {foreign}")
    check(vision.status("/searches/2/control", "POST", {"action": "cancel"}) == 404, "vision cancels audio's search")
    check([t["name"] for t in vision.get("/teams")["teams"]] == ["vision"], "teams")
    check("audio" not in vision.text("/queue") and "ears" not in vision.text("/queue"), "the queue names the other team")
    for path in ("/audit", "/keys", "/boards/bench-1/history"):
        check(vision.status(path) == 403, f"vision sees {path}")
    check({t["team"] for t in vision.get("/tokens")["tokens"]} == {"vision"}, "tokens of others are listed")
    who = vision.get("/me")["who"]
    check(who["team"] == "vision" and not who["admin"] and who["scope"] == "write" and who["expires"], f"who vision is: {who}")


def check_scopes(farm, web, admin):
    read = User(web, token(farm, "vision", "--read"))
    check(read.status("/searches/1") == 200 and read.status("/boards") == 200, "a token that reads")
    check(read.status("/searches/1/control", "POST", {"action": "pause"}) == 403, "a token that reads steers")
    check(read.status("/tokens/abcdef12/revoke", "POST", {}) == 403, "a token that reads revokes")
    shared = User(web, token(farm, "audio", "--search", "2", "--expires", "30d"))
    check([s["name"] for s in shared.get("/searches")["searches"]] == ["ears2"], "a shared search: the list")
    check(shared.status("/searches/2") == 200 and shared.status("/searches/2/individuals") == 200 and shared.status("/searches/2/front") == 200, "a shared search")
    check(shared.status("/searches/1") == 404, "a shared search opens another of the team")
    for path in ("/boards", "/queue", "/tokens", "/keys", "/audit"):
        answer = shared.text(path)
        check(shared.status(path) in (200, 403) and "ears\"" not in answer and "bench-1" not in answer and "audio" not in answer.replace('"team":"audio"', ""), f"a shared search shows {path}: {answer[:300]}")
    check(shared.status("/boards") == 403 and shared.status("/searches/2/control", "POST", {"action": "cancel"}) == 403, "a shared search steers")
    counts = User(web, token(farm, "vision", "--metrics"))
    check(counts.status("/metrics", base="") == 200, "a token for metrics")
    text = counts.text("/metrics", base="")
    check('sonata_searches{state="done"} 1\n' in text and "audio" not in text and "ears" not in text, "vision's metrics count others")
    check("audio" not in counts.text("/teams"), "a token for metrics sees other teams")
    for path in ("/searches/1", "/searches/1/individuals", "/tokens", "/audit"):
        check(counts.status(path) == 403, f"a token for metrics sees {path}")
    all_counts = User(web, token(farm, "admin", "--metrics")).text("/metrics", base="")
    check('sonata_searches{state="done"} 3\n' in all_counts, "an admin's metrics count all")
    check(len(admin.get("/searches")["searches"]) == 3 and admin.get("/audit")["entries"], "an admin's token")


def check_events(farm, web, vision, audio):
    """Nothing of a team's results reaches another's page, nor when they come."""
    ours, theirs = Stream(web, vision.secret), Stream(web, audio.secret)
    farm.wait(lambda: '"name":"eyes"' in ours.read() and '"name":"ears2"' in theirs.read(), "the first news")
    before = len(theirs.read())
    farm.submit("vision", "glasses", 60, seed=9)
    farm.wait(lambda: '"name":"glasses"' in ours.read() and '"state":"done"' in ours.read().split("glasses")[-1], "vision's news")
    theirs.read()
    messages = re.findall(r"data: (\{.*\})", theirs.text[before:])
    check(all(not json.loads(m)["searches"] for m in messages), f"audio is told of vision's results: {messages[:2]}")
    check("glasses" not in theirs.text and "eyes" not in theirs.text, "audio's stream names vision's searches")
    return ours, theirs


def check_links(farm, web):
    link = json.loads(farm.sonata("vision", "token", "link", "--url", f"http://{web.host}:{web.port}", "--json"))["link"]
    secret = link.split("/#login=")[1]
    check(web.ask("GET", "/searches", token=False, headers={"Authorization": f"Bearer {secret}"}).status == 403, "a code that logs in is used as a token")
    entered = web.post("/login", {"secret": secret}, token=False)
    check(entered.status == 204 and "HttpOnly" in entered.headers["Set-Cookie"] and "SameSite=Strict" in entered.headers["Set-Cookie"], f"login by link: {entered.status} {entered.body}")
    cookie = {"Cookie": entered.headers["Set-Cookie"].split(";")[0]}
    names = web.ask("GET", "/searches", token=False, headers=cookie).json()["searches"]
    check({s["team"] for s in names} == {"vision"} or all(s["name"] in ("eyes", "glasses") for s in names), "the session's rights")
    check(web.post("/login", {"secret": secret}, token=False).status == 403, "a link works twice")
    again = User(web, token(farm, "audio", "--search", "1"))
    shared = web.post("/login", {"secret": again.secret}, token=False)
    check(shared.status == 204, "a shared search as a link")
    check(web.post("/login", {"secret": again.secret}, token=False).status == 204, "a shared link works for the next one, too")
    cookie2 = {"Cookie": shared.headers["Set-Cookie"].split(";")[0]}
    check([s["name"] for s in web.ask("GET", "/searches", token=False, headers=cookie2).json()["searches"]] == ["ears"], "what a shared link shows")
    return cookie


def check_ends(farm, web, vision, cookie, streams):
    """Revoked tokens and keys: at once for questions, within seconds for open streams; sessions too."""
    doomed = User(web, token(farm, "audio", "--read", "doomed"))
    stream = Stream(web, doomed.secret)
    check(doomed.status("/searches") == 200, "before it is revoked")
    farm.wait(lambda: "event" in stream.read() or "retry" in stream.read(), "its stream")
    check("doomed" not in farm.sonata("vision", "token", "list"), "vision lists audio's tokens")
    farm.sonata("vision", "token", "revoke", "doomed", code=3)
    farm.sonata("audio", "token", "revoke", "doomed")
    time.sleep(1.1)
    check(doomed.status("/searches") == 401 and doomed.status("/searches/1/individuals") == 401, "a revoked token")
    farm.wait(lambda: stream.read() is not None and stream.closed, "the end of its stream", 15)
    check(web.ask("GET", "/searches", token=False, headers=cookie).status == 200, "the session of vision's link")
    farm.sonata("admin", "keys", "revoke", "vision")
    time.sleep(1.1)
    check(web.ask("GET", "/searches", token=False, headers=cookie).status == 401, "a session outlives the key behind it")
    check(vision.status("/searches") == 401, "a token outlives its key")
    farm.wait(lambda: streams[0].read() is not None and streams[0].closed, "the end of vision's stream", 15)
    check(not streams[1].read() is None and not streams[1].closed, "audio's stream ended with vision's key")


def check_guessing(web, audio):
    wrong = audio.secret[:-9] + ("0" if audio.secret[-9] != "0" else "1") + audio.secret[-8:]
    seen = [User(web, wrong).status("/me") for _ in range(20)]
    check(seen[0] == 401 and seen[-1] == 429, f"guesses: {seen}") # the tokens that were revoked above counted, too
    check(audio.status("/me") == 429, "the right token from an address that guesses")


def check_traces(farm, secrets):
    entries = farm.sonata("admin", "audit")
    for words in ("made: scope write", "used to log in", "revoked: scope read"):
        check(words in entries, f"the audit log lacks '{words}'")
    files = [*farm.folder.glob("*.log"), farm.folder / "m" / "data.mdb"]
    for path in files:
        data = path.read_bytes()
        for secret in secrets:
            check(secret.encode() not in data, f"{path.name} holds a secret")
    check("sonata_" not in entries, "the audit log holds a secret")


def main():
    with Farm(sys.argv[1], delay="2ms") as farm:
        farm.submit("vision", "eyes", 40)
        farm.submit("audio", "ears", 40, seed=4)
        farm.submit("audio", "ears2", 40, seed=5)
        farm.sonata("admin", "keys", "new", "web", "--role", "web")
        farm.sonata("web", "list", code=5) # the key by itself
        web = farm.web("web")
        vision, audio, admin = (User(web, token(farm, key, "--write")) for key in ("vision", "audio", "admin"))
        farm.wait(lambda: all(s["state"] == "done" for s in admin.get("/searches")["searches"]), "the searches")
        check_rights_are_the_tokens(farm, web, vision, audio)
        check_scopes(farm, web, admin)
        streams = check_events(farm, web, vision, audio)
        cookie = check_links(farm, web)
        check_ends(farm, web, vision, cookie, streams)
        check_guessing(web, audio)
        check_traces(farm, [vision.secret, audio.secret, admin.secret])
        check(farm.stop("web") == 0, "sonata-web does not end orderly")
    print(f"{CHECKS[0]} checks passed")


if __name__ == "__main__":
    main()
