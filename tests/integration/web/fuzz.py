#!/usr/bin/env python3
"""Random and broken requests at a sonata-web beside a real master: it answers or closes, goes on serving somebody else, and ends in order (run it from a build with
sanitizers: their findings are in its log). Not part of the suite: a minute or ten by hand.

    fuzz.py BIN_FOLDER SOURCE_FOLDER [SECONDS] [SEED]
"""
import os
import pathlib
import random
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from farm import Farm, check  # noqa: E402

PATHS = ["/", "/index.html", "/metrics", "/api/v1/searches", "/api/v1/searches/1", "/api/v1/searches/1/individuals", "/api/v1/searches/1/individuals/3", "/api/v1/searches/1/genes",
         "/api/v1/searches/1/insight", "/api/v1/searches/1/front", "/api/v1/searches/1/control", "/api/v1/boards", "/api/v1/boards/bench-1/history", "/api/v1/boards/bench-1/control",
         "/api/v1/queue", "/api/v1/audit", "/api/v1/keys", "/api/v1/teams", "/api/v1/me", "/api/v1/login", "/api/v1/events", "/api/v1/openapi.json"]
QUERIES = ["", "?columns=id,values", "?columns=", "?columns=,,,", "?from=18446744073709551615", "?since=0&limit=0", "?limit=50000", "?from=00ff", "?state=%ff", "?a=%00&&=", "?" + "x" * 3000, "?since=-1"]
BODIES = [b"", b"{}", b'{"action":"pause"}', b'{"action":"resume"}', b'{"action":"extend","evaluations":1e308}', b'{"action":"priority","priority":-0.5}', b'{"action":"retry","cause":"\\u0000"}',
          b'{"secret":"' + b"s" * 500 + b'"}', b"[" * 2000, b'{"a":' * 900, b"\xff\xfe\x00", b'{"action":"drain","reason":"' + b"r" * 400 + b'"}', b"x" * 5000]
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "G\x00T", ""]


def request(rng, web):
    method = rng.choice(METHODS[:3] * 4 + METHODS)
    body = rng.choice(BODIES) if method == "POST" or rng.random() < 0.1 else b""
    headers = [f"Host: {rng.choice([web.host, 'localhost', 'evil', ''])}" if rng.random() < 0.2 else f"Host: {web.host}"]
    if rng.random() < 0.9:
        headers.append(f"Authorization: Bearer {web.token}")
    for name, values in (("Accept-Encoding", ["gzip", "gzip;q=0", "gzip;q=0.000", "br, gzip", "\xff"]), ("Content-Type", ["application/json", "text/plain"]), ("If-None-Match", ['W/"', "*", '"x"']),
                         ("Last-Event-ID", ["0", "x", "99999999999999999999"]), ("Cookie", ["sonata-1=a", "=;;=", "sonata-" + "9" * 300]), ("Origin", ["null", f"http://{web.host}:{web.port}"]),
                         ("Idempotency-Key", ["k", "k" * 2000]), ("Expect", ["100-continue"]), ("Transfer-Encoding", ["chunked", "gzip, chunked"]), ("Connection", ["close", "keep-alive", "upgrade"])):
        if rng.random() < 0.25:
            headers.append(f"{name}: {rng.choice(values)}")
    if body or rng.random() < 0.2:
        headers.append(f"Content-Length: {rng.choice([len(body)] * 8 + [0, len(body) + 5, -1, 99999999])}")
    if any("chunked" in h for h in headers):
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if rng.random() < 0.7 else b"zz\r\n" + body
    text = f"{method} {rng.choice(PATHS)}{rng.choice(QUERIES)} HTTP/1.{rng.choice('01')}\r\n" + "\r\n".join(headers) + "\r\n\r\n"
    return text.encode("latin-1", "replace") + body


def damage(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([0, 0, 0, 1, 3, 20])):
        if not data:
            break
        at = rng.randrange(len(data))
        what = rng.randrange(4)
        if what == 0:
            data[at] = rng.randrange(256)
        elif what == 1:
            del data[at:at + rng.randrange(1, 30)]
        elif what == 2:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
        else:
            data[at:at] = data[:rng.randrange(len(data) + 1)][-200:]
    return bytes(data)


def main():
    seconds, seed = float(sys.argv[3]) if len(sys.argv) > 3 else 60, int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
    rng, sent = random.Random(seed), 0
    with Farm(sys.argv[1], delay="20ms") as farm:
        farm.submit("vision", "first", 1000)
        web = farm.web("admin", "--receive", "2s")
        end, looked = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            try:
                peer = socket.create_connection((web.host, web.port), timeout=0.05)
                for _ in range(rng.choice([1, 1, 2, 5])):
                    peer.sendall(damage(rng, request(rng, web)))
                    sent += 1
                if rng.random() < 0.6:
                    peer.recv(65536)
                peer.close()
            except OSError:
                pass
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                check(farm.children["web"].poll() is None, f"sonata-web ended (seed {seed})")
                answer = web.ask("GET", "/", base="", token=False)
                check(answer.status == 200, f"the page: {answer.status} (seed {seed})")
        code = farm.stop("web")
        log = (farm.folder / "web.log").read_text(errors="replace")
        check("ERROR: " not in log and "runtime error" not in log and "handles are left" not in log, f"seed {seed}: " + log[-3000:])
        check(code == 0, f"sonata-web ended with {code} (seed {seed})")
    print(f"{sent} requests in {seconds:.0f} s, seed {seed}: served throughout, ended in order")


if __name__ == "__main__":
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    main()
