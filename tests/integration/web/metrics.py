#!/usr/bin/env python3
"""/metrics of a live farm: promtool finds nothing to say, the rules are sound and each alert fires in its case, and Debian's Prometheus that scrapes the farm
answers every expression of every rule. Skipped (77) without prometheus.

    metrics.py BIN_FOLDER SOURCE_FOLDER
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from farm import CHECKS, Farm, check  # noqa: E402


def run(*command, **how):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **how)


def values(text):
    """{'name{labels}': value} of every sample."""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and not line.startswith("#")}


def check_values(farm, web, text):
    have = values(text)
    check(have['sonata_searches{state="done"}'] == 2 and have["sonata_master_up"] == 1, "searches and master")
    check(have["sonata_evaluations"] == 100, f"evaluations: {have['sonata_evaluations']}")
    check(sum(v for k, v in have.items() if k.startswith("sonata_boards{")) == 2, "boards")
    check(sum(v for k, v in have.items() if k.startswith("sonata_board_results_total{")) >= 99, "results of boards") # one may have been measured for both
    named = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    check(named == set(re.findall(r"^# HELP (\S+)", text, re.M)), "HELP and TYPE")
    check(not re.search(r'="(first|second)', text), "a search is named")
    check({"vision", "audio"} == set(re.findall(r'team="(\w+)"', text)), "teams for an admin")
    farm.kill("master")
    farm.wait(lambda: values(web.ask("GET", "/metrics", base="").body.decode())["sonata_master_up"] == 0, "a master that is gone is told")
    farm.start_master(farm.worker_port, farm.client_port)
    farm.wait(lambda: values(web.ask("GET", "/metrics", base="").body.decode())["sonata_master_up"] == 1, "a master that is back is told")


def expressions(rules):
    return [e or json.loads(q) for e, q in re.findall(r'^\s+expr: (?!")(.+)$|expr: ("(?:[^"\\]|\\.)*")', rules, re.M)]


def check_prometheus(farm, web, folder):
    token = json.loads(farm.sonata("admin", "token", "new", "--metrics", "--json"))["token"]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (farm.folder / "token").write_text(token)
    text = (folder / "prometheus.yml").read_text()
    for old, new in (("15s", "1s"), ("/etc/prometheus/sonata.token", str(farm.folder / "token")), ("127.0.0.1:7180", f"{web.host}:{web.port}"), ("sonata.rules.yml", str(folder / "sonata.rules.yml"))):
        check(old in text, f"prometheus.yml has no {old}")
        text = text.replace(old, new)
    (farm.folder / "prometheus.yml").write_text(text)
    log = open(farm.folder / "prometheus.log", "ab")
    farm.children["prometheus"] = subprocess.Popen(["prometheus", f"--config.file={farm.folder}/prometheus.yml", f"--storage.tsdb.path={farm.folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                                                   stdout=log, stderr=log, cwd=farm.folder)
    log.close()

    def query(text):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": text}), timeout=5) as answer:
                return json.load(answer)
        except OSError as e:
            raise AssertionError(str(e)) from e

    farm.wait(lambda: query('up{job="sonata"}')["data"]["result"][0]["value"][1] == "1" if query("up")["data"]["result"] else False, "Prometheus scrapes the farm")
    rules = (folder / "sonata.rules.yml").read_text()
    found = expressions(rules)
    check(len(found) == rules.count("expr:"), "an expression of the rules is not found")
    board = json.loads((folder.parent / "grafana" / "sonata.json").read_text())
    drawn = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    check(len(drawn) > 10, "the Grafana board is empty")
    recorded = set(re.findall(r"record: \"([^\"]+)\"", rules))
    for name in {n for e in drawn for n in re.findall(r"\w+:\w+:\w+", e)}:
        check(name in recorded, f"the Grafana board draws {name}, which no rule records")
    found += drawn + [a["expr"] for a in board["annotations"]["list"]]
    for expression in found:
        check(query(expression)["status"] == "success", f"Prometheus does not answer {expression}")
        for name in set(re.findall(r"(?<![\w:])(sonata_[a-z_]+)(?![\w:])", expression)):
            plain = query(f"count({name})")["data"]["result"]
            optional = "canary" in name # table boards have none
            check(plain or optional, f"{name} of {expression} is not scraped")


def main():
    if not shutil.which("promtool") or not shutil.which("prometheus"):
        print("skipped: prometheus is not installed")
        sys.exit(77)
    folder = pathlib.Path(sys.argv[2]).resolve() / "deploy" / "prometheus"
    for command in (("check", "rules", "sonata.rules.yml"), ("test", "rules", "sonata.rules.test.yml")):
        done = run("promtool", *command, cwd=folder)
        check(done.returncode == 0, f"promtool {' '.join(command)}: {done.stdout}{done.stderr}")
    alerts, tested = (set(re.findall(pattern, (folder / name).read_text())) for pattern, name in ((r"alert: (\w+)", "sonata.rules.yml"), (r"alertname: (\w+)\s+exp_alerts", "sonata.rules.test.yml")))
    check(alerts == tested, f"alerts without a case in which they fire: {sorted(alerts - tested)}")
    with Farm(sys.argv[1]) as farm:
        farm.submit("vision", "first", 60)
        farm.submit("audio", "second", 40, objectives=3)
        web = farm.web("admin", "--patience", "1s")
        farm.wait(lambda: all(s["state"] == "done" for s in web.get("/searches")["searches"]), "the searches")
        text = web.ask("GET", "/metrics", base="").body.decode()
        done = run("promtool", "check", "metrics", input=text)
        check(done.returncode == 0 and not done.stdout + done.stderr, f"promtool check metrics: {done.stdout}{done.stderr}")
        check_values(farm, web, text)
        check_prometheus(farm, web, folder)
    print(f"{CHECKS[0]} checks passed")


if __name__ == "__main__":
    main()
