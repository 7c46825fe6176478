"""A master and workers as real processes in a folder of their own, for the tests of model files."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# Short windows: what is measured here is that the right file is measured
SHORT = "warmup: 2ms, warmup_window: 1ms, warmup_cap: 10ms, window: 2ms, windows: 3, windows_max: 3, cap: 50ms, min_inferences: 3, " \
        "processes: 1, processes_max: 1"
TIERS = f"tiers: [{{name: screen, {SHORT}}}, {{name: search, {SHORT}}}]\n"
SPACE = """name: tiny
genes:
  - {name: width, choices: [4, 8, 16, 24]}
  - {name: depth, choices: [1, 2, 3]}
  - {name: kernel, choices: [1, 3, 5]}
"""


class Farm:
    def __init__(self, bin_folder):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonata-models-"))
        self.process = {}
        self.server = f"ipc://{self.folder}/client"
        (self.folder / "space.yaml").write_text(SPACE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for name in list(self.process):
            self.stop(name)
        if kind and kind is not SystemExit:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]))
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        self.process[name] = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=self.folder)
        log.close()

    def master(self, *options):
        self.start("master", self.bin / "sonata-master", "--state", "master-state", "-w", f"ipc://{self.folder}/worker", "-c", self.server,
                   "--backoff", "0.1s", "--heartbeat", "0.3s", "--suspect", "1s", "--offline", "2s", "--lease", "3s", "--grace", "1s", *options)

    def worker(self, name, boards, more=""):
        config = self.folder / f"{name}.yaml"
        config.write_text(f"name: {name}\nmaster: ipc://{self.folder}/worker\nstate: {name}-state\n{more}{TIERS}boards:\n{boards}")
        self.start(name, self.bin / "sonata-worker", "--config", config)

    def again(self, name):
        """Starts a worker that was killed."""
        self.start(name, self.bin / "sonata-worker", "--config", self.folder / f"{name}.yaml")

    def kill(self, name):
        self.process[name].send_signal(signal.SIGKILL)
        self.process.pop(name).wait()

    def stop(self, name):
        process = self.process.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def sonata(self, *arguments, code=0):
        done = subprocess.run([self.bin / "sonata", arguments[0], "--server", self.server, "--patience", "15s", *arguments[1:]], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"sonata {' '.join(map(str, arguments))}: {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, search=1):
        return json.loads(self.sonata("show", "--json", str(search)))

    def check_says(self):
        return subprocess.run([self.bin / "sonata-master", "--check", "--state", self.folder / "master-state"], stdout=subprocess.PIPE, text=True,
                              timeout=120, check=False).stdout

    def check(self):
        found = self.check_says()
        assert "no problems found" in found, found

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                raise AssertionError("nothing came of it in time")
            for name, process in list(self.process.items()):
                if process.poll() is None:
                    continue
                assert name != "master", f"the master ended with {process.returncode}"
                self.process.pop(name)
                self.again(name)  # as a service manager does: a worker ends when a board cannot start, its evaluator killed on the way, say
            time.sleep(0.05)


def evaluator_pids():
    """Programs named evaluator.py below this process."""
    text = subprocess.run(["ps", "-eo", "pid,ppid,args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    parent, found = {}, []
    for line in text.splitlines()[1:]:
        pid, ppid, args = line.split(None, 2)
        parent[int(pid)] = int(ppid)
        if f"python3 {HERE}/evaluator.py" in args:
            found.append(int(pid))

    def is_ours(pid):
        while pid > 1:
            pid = parent.get(pid, 0)
            if pid == os.getpid():
                return True
        return False
    return [pid for pid in found if is_ours(pid)]


def onnxruntime(build):
    """The library that the build installed, or None."""
    found = sorted(pathlib.Path(build).glob("onnxruntime/node_modules/onnxruntime-node/bin/*/linux/x64/libonnxruntime.so.1"))
    return found[0] if found and os.uname().machine == "x86_64" else None


def arguments():
    return sys.argv[1], sys.argv[2]
