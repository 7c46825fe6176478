#!/usr/bin/env python3
"""Figures of sonata-web (docs/WEB.md): how soon a result is in 50 open pages and what that costs, answers of the API and pages in Chromium over large searches.

    views.py BIN_FOLDER SOURCE_FOLDER [--pages]     (--pages needs what tests/integration/web/pages.py needs)
"""
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(sys.argv[2]).resolve() / "tests/integration/web"))
import api  # noqa: E402
import farm as farms  # noqa: E402

VIEWERS, SECONDS, STREAMS = 50, 20, 500
LARGE = """name: {name}
space: fmnist-mbconv
objectives:
  - {{metric: params, goal: min}}
  - {{metric: macs, goal: min}}
algorithm: {{name: random}}
budget: {{evaluations: {n}}}
seed: 5
"""


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    return int(next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def viewer(web, search, stop, delays):
    """A page: on each event it asks for what changed and notes how old the results are."""
    revision = web.get(f"/searches/{search}/individuals?columns=id&limit=50000")["revision"]
    stream = api.Events(web, since=revision)
    while not stop.is_set():
        _, value = stream.next()
        if not any(s["id"] == search for s in value["searches"]):
            continue
        page = web.get(f"/searches/{search}/individuals?columns=id,told,state&limit=50000&since={revision}")
        revision, now = page["revision"], time.time() * 1000
        delays += [now - told for _, told, state in page["rows"] if state == "done" and told and told > stop.begin]
    stream.close()


def live(farm, web, pid):
    farm.submit("vision", "viewed", 1500, seed=31)
    search = max(s["id"] for s in web.get("/searches")["searches"])
    stop, delays = threading.Event(), [[] for _ in range(VIEWERS)]
    stop.begin = time.time() * 1000 + 2000
    threads = [threading.Thread(target=viewer, args=(web, search, stop, d), daemon=True) for d in delays]
    for t in threads:
        t.start()
    time.sleep(2)
    begin, before = time.monotonic(), cpu_seconds(pid)
    time.sleep(SECONDS)
    used = (cpu_seconds(pid) - before) / (time.monotonic() - begin)
    stop.set()
    all_delays = sorted(x for d in list(delays) for x in list(d))
    at = lambda p: all_delays[int(p * (len(all_delays) - 1))]  # noqa: E731
    print(f"{VIEWERS} viewers, {len(all_delays) // VIEWERS} results: commit to rows in the page {at(.5):.0f} ms median, {at(.99):.0f} ms p99, {all_delays[-1]:.0f} ms worst; sonata-web {100 * used:.1f} % of a core")


def many_streams(web, pid):
    streams = [api.Events(web) for _ in range(STREAMS)]
    before, begin, rss = cpu_seconds(pid), time.monotonic(), rss_mib(pid)
    times = []
    while time.monotonic() - begin < 10:
        start = time.monotonic()
        web.get("/searches")
        times.append(time.monotonic() - start)
        time.sleep(0.1)
    print(f"{STREAMS} event streams: {100 * (cpu_seconds(pid) - before) / (time.monotonic() - begin):.1f} % of a core, RSS {rss:.0f} MiB; a GET beside them {1000 * sorted(times)[len(times) // 2]:.1f} ms median, {1000 * max(times):.1f} ms worst")
    for s in streams:
        s.close()


def large(farm, web, n):
    (farm.folder / f"large{n}.yaml").write_text(LARGE.format(name=f"large{n}", n=n))
    farm.sonata("admin", "submit", f"large{n}.yaml")
    search = max(s["id"] for s in web.get("/searches")["searches"])
    farm.wait(lambda: web.get("/searches")["searches"][-1]["evaluations"] >= n, f"{n} individuals", 600)
    start = time.monotonic()
    web.get(f"/searches/{search}/individuals?columns=id&limit=1")
    first = time.monotonic() - start
    times = []
    for k in range(20):
        start = time.monotonic()
        web.ask("GET", f"/searches/{search}/individuals?from={k * n // 20}")
        times.append(time.monotonic() - start)
    start = time.monotonic()
    whole = web.ask("GET", f"/searches/{search}/individuals?limit=50000")
    print(f"{n} individuals: read from the master in {first:.2f} s; a page of 1,000 in {1000 * sorted(times)[10]:.0f} ms median, {1000 * max(times):.0f} ms worst; all in {time.monotonic() - start:.2f} s, {len(whole.body) / 1e6:.1f} MB")
    return search


def main():
    with farms.Farm(sys.argv[1], delay="40ms") as farm:
        farm.submit("vision", "first", 20)
        web = farm.web("admin")
        pid = farm.children["web"].pid
        live(farm, web, pid)
        many_streams(web, pid)
        searches = [large(farm, web, n) for n in (10000, 50000)]
        if "--pages" in sys.argv:
            import pages
            folder = pages.modules(pathlib.Path(sys.argv[1]).resolve().parent)
            subprocess.run(["node", str(pathlib.Path(__file__).parent / "pages.mjs"), web.link.split("#")[0], web.token, str(folder), *map(str, searches)], check=True)


if __name__ == "__main__":
    main()
