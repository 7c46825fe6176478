#!/usr/bin/env python3
"""Who is let in and what is refused: login by link and token, cookies, guessing, foreign hosts and origins, teams, paths, sizes, slow and broken peers.
Throughout, another client goes on being served.

    guard.py BIN_FOLDER SOURCE_FOLDER
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from farm import CHECKS, Farm, check  # noqa: E402


def status(web, method, path, **how):
    return web.ask(method, path, **how).status


def check_login(web):
    secret = web.link.split("#login=")[1]
    check(secret.startswith("sonata_") and len(secret) == 71, "the link's code")
    check(status(web, "GET", "/me", token=False) == 401, "without login")
    check(status(web, "GET", "/me", token=False, headers={"Authorization": "Bearer nonsense"}) == 401, "a wrong token")
    check(status(web, "GET", "/metrics", token=False, base="") == 401, "metrics without a token")
    entered = web.post("/login", {"secret": secret}, token=False)
    check(entered.status == 204, f"login by link: {entered.status}")
    cookie = entered.headers["Set-Cookie"]
    check("HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie, f"the cookie: {cookie}")
    check(secret not in cookie, "the code is in the cookie")
    session = {"Cookie": cookie.split(";")[0]}
    check(status(web, "GET", "/me", token=False, headers=session) == 200, "with the cookie")
    check(web.post("/login", {"secret": secret}, token=False).status == 403, "a code works twice")
    by_token = web.post("/login", {"secret": web.token}, token=False)
    check(by_token.status == 204 and by_token.headers["Set-Cookie"] != cookie, "login by token")
    check(web.ask("POST", "/logout", body={}, token=False, headers=session).status == 204, "logout")
    check(status(web, "GET", "/me", token=False, headers=session) == 401, "the session lives after logout")
    return {"Cookie": by_token.headers["Set-Cookie"].split(";")[0]}


def check_origins(web, session):
    own = f"http://{web.host}:{web.port}"
    pause = lambda headers: web.ask("POST", "/searches/1/control", body={"action": "pause"}, token=False, headers={**session, **headers}).status  # noqa: E731
    check(pause({"Origin": own, "Sec-Fetch-Site": "same-origin"}) == 200, "our own page")
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{web.host}:{web.port + 1}"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": None}):
        check(pause(headers) == 403, f"a change with {headers}")
    for host in ("evil.example", f"evil.example:{web.port}", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1", "a" * 300):
        check(status(web, "GET", "/me", headers={"Host": host}) == 421, f"Host {host!r:.40}")
    for host in ("localhost", f"LOCALHOST:{web.port}", "127.0.0.1", "[::1]:80"):
        check(status(web, "GET", "/me", headers={"Host": host}) == 200, f"Host {host!r}")


def check_headers(web):
    page = web.ask("GET", "/", token=False, base="")
    check(page.status == 200 and b"<!doctype html>" in page.body.lower(), "the page")
    csp = page.headers["Content-Security-Policy"]
    check("default-src 'self'" in csp and "unsafe" not in csp and "frame-ancestors 'none'" in csp, csp)
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY")):
        check(page.headers[name] == value, name)
    again = web.ask("GET", "/", token=False, base="", headers={"If-None-Match": page.headers["ETag"]})
    check(again.status == 304, "the page again")
    check(b"http://" not in re.sub(rb"http://www\.w3\.org", b"", page.body) and b"https://" not in page.body, "the page loads from elsewhere")
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/app/../index.html", "/.git/config",
                 "/routes.c", "/\\..\\x"):
        check(status(web, "GET", path, token=False, base="") in (400, 404), f"path {path}")
    check(status(web, "DELETE", "/searches/1") == 405 and status(web, "PUT", "/", base="") == 405, "other methods")


def raw(web, data, wait=3.0):
    """What comes back for raw bytes, until the other side closes or `wait` seconds."""
    peer = socket.create_connection((web.host, web.port), timeout=wait)
    try:
        peer.sendall(data)
        got = b""
        while True:
            part = peer.recv(65536)
            if not part:
                return got
            got += part
    except OSError:
        return got if "got" in locals() else b""
    finally:
        peer.close()


def check_broken(web):
    host = f"Host: {web.host}\r\n".encode()
    for data in (b"\x00" * 2000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/a" * 40000 + b" HTTP/1.1\r\n" + host + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 100000 + b"\r\n\r\n", b"".join([b"GET / HTTP/1.1\r\n", host, b"A: b\r\n" * 5000, b"\r\n"]),
                 b"POST /api/v1/login HTTP/1.1\r\n" + host + b"Content-Length: 99999999999\r\nContent-Type: application/json\r\n\r\n{}",
                 b"POST /api/v1/login HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200)):
        answer = raw(web, data, 0.7)
        check(not answer.startswith(b"HTTP/1.1 2"), f"{data[:40]!r} is served: {answer[:60]!r}")
        check(status(web, "GET", "/me") == 200, f"after {data[:40]!r} nobody is served")
    big = web.ask("POST", "/login", body=b"[" * (1 << 20 | 1), token=False)
    check(big.status == 413, f"a large body: {big.status}")
    for body in (b"[" * 100000, b"[]", b"\xff\xfe", b'{"secret": 5}', b'{"secret": {"secret": "x"}}', b"nul"):
        check(web.ask("POST", "/login", body=body, token=False).status in (400, 403, 429), f"body {body[:20]!r}")


def check_slow(web):
    """Half requests are closed; meanwhile others are served."""
    peers = [socket.create_connection((web.host, web.port)) for _ in range(300)]
    for peer in peers:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    start, open_ones = time.monotonic(), len(peers)
    while open_ones and time.monotonic() - start < 25:
        check(status(web, "GET", "/me") == 200, "beside slow peers")
        open_ones = 0
        for peer in peers:
            try: # a byte now and then keeps an idle limit away, not this one
                peer.setblocking(False)
                peer.send(b"y")
                open_ones += peer.recv(1) != b""
            except BlockingIOError:
                open_ones += 1
            except OSError:
                pass
        time.sleep(0.5)
    spent = time.monotonic() - start
    check(not open_ones and spent > 1, f"{open_ones} of {len(peers)} slow requests are open after {spent:.0f} s")
    for peer in peers:
        peer.close()


def check_guessing(web):
    """After a few failures an address has to wait, with the right token too; the page says so."""
    seen = [status(web, "GET", "/me", headers={"Authorization": f"Bearer wrong{i}"}) for i in range(20)]
    check(seen[:3] == [401] * 3 and seen[-1] == 429, f"guesses: {seen}")
    check(status(web, "GET", "/me") == 429, "the right token from an address that guesses")
    check(web.post("/login", {"secret": "wrong"}, token=False).status == 429, "login while waiting")


def check_teams(farm):
    """A team's server shows nothing of another: not in lists, by number, in events, in metrics."""
    vision = farm.web("vision", name="web-vision")
    names = [s["name"] for s in vision.get("/searches")["searches"]]
    check(names == ["mine"], f"vision sees {names}")
    check([t["name"] for t in vision.get("/teams")["teams"]] == ["vision"], "vision sees other teams")
    for path in ("/searches/2", "/searches/2/individuals", "/searches/2/front", "/searches/2/genes", "/searches/2/insight", "/searches/2/individuals/0"):
        check(status(vision, "GET", path) == 404, f"vision sees {path}")
    check(vision.post("/searches/2/control", {"action": "cancel"}).status == 404, "vision cancels audio's search")
    for path in ("/audit", "/keys", "/boards/bench-1/history"):
        check(status(vision, "GET", path) == 403, f"vision sees {path}")
    check(vision.post("/boards/bench-1/control", {"action": "drain"}).status == 403, "vision drains a board")
    text = vision.ask("GET", "/metrics", base="").body
    check(b"sonata_searches" in text and b"audio" not in text and b"theirs" not in text, "metrics name another team")
    board = vision.get("/boards")["boards"][0]
    check("done" not in board and not board["held_why"], "counters of boards are shown to a team")
    farm.stop("web-vision")


def check_options(farm):
    def run(*options):
        done = subprocess.run([str(farm.bin / "sonata-web"), *options], capture_output=True, text=True, timeout=10)
        return done.returncode, done.stderr
    check(run("--address", "0.0.0.0")[0] == 2 and "open to others" in run("--address", "0.0.0.0")[1], "an open address without TLS")
    check(run("--base-path", "sonata")[0] == 2 and run("--tls-key", "x")[0] == 2 and run("--colour", "red")[0] == 2, "wrong options")
    token = farm.folder / "open.token"
    token.write_text("x" * 40)
    token.chmod(0o644)
    check(run("--token-file", str(token), "--port", "0")[0] == 1, "a token that others may read")
    shown = farm.web("admin", "--read-only", "--base-path", "/lab/sonata", "--host", "farm.example", name="web-shown")
    base = "/lab/sonata"
    check(shown.ask("GET", "/me", base=base + "/api/v1").status == 200, "below a base path")
    check(shown.ask("GET", "", base=base, token=False).headers["Location"] == base + "/", "the base path without its slash")
    check(shown.ask("GET", "/", base=base, token=False).status == 200 and shown.ask("GET", "/", base="", token=False).status == 404, "pages below a base path")
    check(shown.ask("GET", "/me", base=base + "/api/v1", headers={"Host": "farm.example"}).status == 200, "--host")
    refused = shown.post("/searches/1/control", {"action": "cancel"}, base=base + "/api/v1")
    check(refused.status == 403 and refused.json()["error"]["code"] == "read_only", "--read-only")
    entered = shown.ask("POST", "/login", body={"secret": shown.token}, token=False, base=base + "/api/v1")
    check(f"Path={base}/" in entered.headers["Set-Cookie"], "the cookie's path")
    farm.stop("web-shown")
    proxied = farm.web("admin", "--behind-proxy", name="web-proxied")
    entered = proxied.ask("POST", "/login", body={"secret": proxied.token}, token=False)
    check("Secure" in entered.headers["Set-Cookie"], "a cookie for TLS only behind a proxy")
    for i in range(20):
        proxied.ask("GET", "/me", headers={"Authorization": "Bearer wrong", "X-Forwarded-For": "10.9.9.9, 192.0.2.7"})
    check(status(proxied, "GET", "/me", headers={"X-Forwarded-For": "192.0.2.7"}) == 429, "the guessing address behind the proxy")
    check(status(proxied, "GET", "/me", headers={"X-Forwarded-For": "192.0.2.8"}) == 200, "another address behind the proxy")
    farm.stop("web-proxied")


def check_tls(farm):
    import ssl
    import urllib.request
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                           "-addext", "subjectAltName=IP:127.0.0.1"], cwd=farm.folder, capture_output=True)
    if made.returncode:
        print("TLS is not tried: there is no openssl")
        return
    web = farm.web("admin", "--tls-certificate", "cert.pem", "--tls-key", "key.pem", name="web-tls")
    check(web.link.startswith("https://"), web.link)
    context = ssl.create_default_context(cafile=str(farm.folder / "cert.pem"))
    ask = urllib.request.Request(web.link.split("#")[0] + "api/v1/me", headers={"Authorization": f"Bearer {web.token}"})
    with urllib.request.urlopen(ask, context=context, timeout=10) as answer:
        check(json.load(answer)["version"], "over TLS")
    farm.stop("web-tls")


def check_stop(farm):
    """Ends in order while requests wait for a master that does not answer, and streams are open."""
    web = farm.web("admin", name="web-stopped")
    farm.children["master"].send_signal(signal.SIGSTOP)
    peers = []
    for path in ("/api/v1/searches", "/api/v1/searches/1/individuals", "/metrics", "/api/v1/events", "/api/v1/queue") * 4:
        peer = socket.create_connection((web.host, web.port), timeout=5)
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: {web.host}\r\nAuthorization: Bearer {web.token}\r\n\r\n".encode())
        peers.append((path, peer))
    time.sleep(0.7)
    start = time.monotonic()
    check(farm.stop("web-stopped") == 0, "sonata-web does not end orderly while requests wait")
    check(time.monotonic() - start < 5, "it takes long to end")
    for path, peer in peers:
        got = b""
        try:
            while part := peer.recv(65536):
                got += part
        except OSError:
            pass
        check(got.startswith(b"HTTP/1.1 200" if path in ("/metrics", "/api/v1/events") else b"HTTP/1.1 503"), f"{path} while it stops: {got[:60]!r}")
        peer.close()
    farm.children["master"].send_signal(signal.SIGCONT)


def check_secrets(farm, web):
    """No secret in any log."""
    for log in farm.folder.glob("*.log"):
        text = log.read_text(errors="replace")
        check(web.token not in text and "sonata_" not in text, f"{log.name} holds a secret")


def main():
    with Farm(sys.argv[1], delay="20ms") as farm:
        farm.submit("vision", "mine", 1500) # not done before it is paused
        farm.submit("audio", "theirs", 40, seed=4)
        web = farm.web("admin", "--receive", "2s")
        session = check_login(web)
        check_origins(web, session)
        check_headers(web)
        check_broken(web)
        check_teams(farm)
        check_options(farm)
        check_tls(farm)
        check_stop(farm)
        check_slow(web)
        check_guessing(web)
        check_secrets(farm, web)
        check(farm.stop("web") == 0, "sonata-web does not end orderly")
    print(f"{CHECKS[0]} checks passed")


if __name__ == "__main__":
    main()
