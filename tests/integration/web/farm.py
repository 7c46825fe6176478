"""A real farm in a temporary folder, for the tests here: a master with keys and two teams, table boards, `sonata-web`.

Networks of a space small enough for a table of all of them (1,600), so that layers can be drawn and boards need no time.
"""
import gzip
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

SPACE = """name: mini
genes:
  - {name: d1, ordinal: true, choices: [1, 2]}
  - {name: w1, ordinal: true, choices: [8, 16]}
  - {name: k11, ordinal: true, choices: [3, 5], block: s1b1}
  - {name: e11, ordinal: true, choices: [1, 4], block: s1b1}
  - {name: k12, ordinal: true, choices: [3, 5], block: s1b2, when: {gene: d1, in: [2]}}
  - {name: e12, ordinal: true, choices: [1, 4], block: s1b2, when: {gene: d1, in: [2]}}
  - {name: d2, ordinal: true, choices: [1, 2]}
  - {name: w2, ordinal: true, choices: [16, 32]}
  - {name: k21, ordinal: true, choices: [3, 5], block: s2b1}
  - {name: e21, ordinal: true, choices: [1, 4], block: s2b1}
  - {name: k22, ordinal: true, choices: [3, 5], block: s2b2, when: {gene: d2, in: [2]}}
  - {name: e22, ordinal: true, choices: [1, 4], block: s2b2, when: {gene: d2, in: [2]}}
network:
  family: mbconv
  input: 28
  channels: 1
  classes: 10
  stem: 16
  head: 64
  stages:
    - {stride: 2, width: 16, depth: 2}
    - {stride: 2, width: 32, depth: 2}
"""
GENES = ["d1", "w1", "k11", "e11", "k12", "e12", "d2", "w2", "k21", "e21", "k22", "e22"]


def table_rows():
    """Accuracy, latency and energy of every network by a formula with a trade-off in it."""
    choices = [[1, 2], [8, 16], [3, 5], [1, 4], [3, 5], [1, 4], [1, 2], [16, 32], [3, 5], [1, 4], [3, 5], [1, 4]]
    for g in itertools.product(*choices):
        d1, w1, k11, e11, k12, e12, d2, w2, k21, e21, k22, e22 = g
        if (d1 == 1 and (k12, e12) != (3, 1)) or (d2 == 1 and (k22, e22) != (3, 1)):
            continue
        accuracy = 60 + 4 * d1 + w1 / 4 + k11 + e11 + (d1 == 2) * e12 / 2 + 3 * d2 + w2 / 6 + k21 / 2 + e21 + (d2 == 2) * (k22 + e22) / 3
        latency = 0.2 + w1 * e11 * k11 / 100 + (d1 == 2) * w1 * e12 * k12 / 120 + w2 * e21 * k21 / 300 + (d2 == 2) * w2 * e22 * k22 / 260
        energy = 0.5 + latency * 0.8 + w2 / 40
        yield g, accuracy, latency, energy


def search_text(name, evaluations, seed=3, objectives=2, extra=""):
    third = "  - {metric: energy, board: bench, goal: min}\n" if objectives > 2 else ""
    return (f"name: {name}\nspace: ./space.yaml\nobjectives:\n  - {{metric: accuracy, board: bench, goal: max}}\n"
            f"  - {{metric: latency, board: bench, goal: min}}\n{third}constraints:\n  - {{metric: accuracy, board: bench, min: 72}}\n"
            f"algorithm: {{name: sonata+}}\nbudget: {{evaluations: {evaluations}}}\nseed: {seed}\n{extra}")


class Farm:
    def __init__(self, bin_folder, delay="0ms", boards=2):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonata-web-"))
        self.children = {}
        (self.folder / "space.yaml").write_text(SPACE)
        with open(self.folder / "table.csv", "w", encoding="ascii") as out:
            out.write(",".join(GENES) + ",acc,lat,mj\n")
            for g, *values in table_rows():
                out.write(",".join(map(str, g)) + "," + ",".join(f"{v:.5f}" for v in values) + "\n")
        self.start_master()
        for team in ("vision", "audio"):
            self.sonata("admin", "teams", "set", team)
            self.sonata("admin", "keys", "new", team, "--team", team)
        self.sonata("admin", "keys", "new", "pi", "--role", "worker")
        board = "table.csv,accuracy=acc,latency=lat,energy=mj,noise.latency=0.01"
        arguments = itertools.chain.from_iterable(["--board", f"bench-{i}:table:{board},delay={delay},type=bench"] for i in range(1, boards + 1))
        self.start("worker", "sonata-worker", "--master", self.worker_port, "--key", "pi.key", "--state", "worker", "--name", "rack", *arguments)
        self.wait(lambda: "bench-1" in self.sonata("admin", "boards"), "the boards")

    def start(self, name, program, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        self.children[name] = subprocess.Popen([str(self.bin / program), *arguments], cwd=self.folder, stdout=log, stderr=log)
        log.close()

    def start_master(self, worker_port="tcp://127.0.0.1:0", client_port="tcp://127.0.0.1:0"):
        endpoints = self.folder / "m" / "endpoints"
        endpoints.unlink(missing_ok=True)
        self.start("master", "sonata-master", "--state", "m", "--security", "curve", "--worker-endpoint", worker_port, "--client-endpoint", client_port)
        self.wait(lambda: endpoints.exists() and len(re.findall(r"tcp://\S+", endpoints.read_text())) == 2, "the master")
        self.worker_port, self.client_port = re.findall(r"tcp://\S+", endpoints.read_text())

    def restart_master(self):
        self.kill("master")
        self.start_master(self.worker_port, self.client_port)

    def key(self, name):
        return str(self.folder / "m" / "admin.key") if name == "admin" else str(self.folder / f"{name}.key")

    def sonata(self, key, *arguments, code=0):
        """Standard output of `sonata` with that key."""
        done = subprocess.run([str(self.bin / "sonata"), *arguments, "--server", self.client_port, "--key", self.key(key)], cwd=self.folder,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != code:
            raise AssertionError(f"sonata {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def submit(self, key, name, evaluations, **how):
        (self.folder / f"{name}.yaml").write_text(search_text(name, evaluations, **how))
        self.sonata(key, "submit", f"{name}.yaml")

    def web(self, key="admin", *options, name="web"):
        """Starts sonata-web; a Web to ask it."""
        read, write = os.pipe()
        log = open(self.folder / f"{name}.log", "ab")
        token = self.folder / f"{name}.token"
        self.children[name] = subprocess.Popen(
            [str(self.bin / "sonata-web"), "--server", self.client_port, "--key", self.key(key), "--port", "0", "--token-file", str(token), "--ready-fd",
             str(write), "--link", *options], cwd=self.folder, stdout=log, stderr=log, pass_fds=[write])
        log.close()
        os.close(write)
        with os.fdopen(read) as pipe:
            link = pipe.readline().strip()
        if not link:
            raise AssertionError(f"sonata-web did not start: {(self.folder / f'{name}.log').read_text()}")
        return Web(link, token.read_text().strip())

    def kill(self, name):
        child = self.children.pop(name)
        child.kill()
        child.wait()

    def stop(self, name):
        """Exit status after SIGTERM."""
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        try:
            return child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return None

    @staticmethod
    def wait(condition, what, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if condition():
                    return
            except AssertionError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{what}: not within {seconds} s")

    def close(self, failed=False):
        for name in list(self.children):
            self.kill(name)
        if failed:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(failed=kind is not None)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Web:
    """Asks a sonata-web; each question on a connection of its own."""

    def __init__(self, link, token):
        self.link, self.token = link, token
        self.host, self.port = re.match(r"https?://([\d.]+):(\d+)", link).groups()
        self.port = int(self.port)

    def ask(self, method, path, body=None, headers=None, token=True, base="/api/v1"):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        send = {"Accept-Encoding": "gzip"}
        if token:
            send["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            send["Content-Type"] = "application/json"
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        send.update(headers or {})
        send = {k: v for k, v in send.items() if v is not None}
        connection.request(method, base + path, body=body, headers=send)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.getheader("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return Answer(answer.status, answer.headers, data)

    def get(self, path, **how):
        answer = self.ask("GET", path, **how)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def post(self, path, body, **how):
        return self.ask("POST", path, body=body, **how)


CHECKS = [0]


def check(condition, text):
    CHECKS[0] += 1
    if not condition:
        raise AssertionError(text)
