#!/usr/bin/env python3
"""The farm for pages.mjs: `do` tries what the pages do, `look` every page in two themes and at two widths with axe-core. Needs chromium, node and npm, which
fetches playwright-core and axe-core (package-lock.json) into the build folder once; skipped (77) without them.

    pages.py do|look BIN_FOLDER SOURCE_FOLDER [PICTURES_FOLDER]
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from farm import Farm  # noqa: E402


def modules(build):
    """The folder that holds node_modules, or None: they are not here and cannot be had."""
    here, folder = pathlib.Path(__file__).parent, build / "web-tests"
    if not (folder / "node_modules" / "axe-core").exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(here / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)], timeout=100, check=False)
    return folder if (folder / "node_modules" / "axe-core").exists() else None


def main():
    what, binaries = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    chromium, node = shutil.which("chromium"), shutil.which("node")
    folder = modules(binaries.parent) if chromium and node else None
    if not folder:
        print("skipped: chromium, node, or the packages of package-lock.json are not here")
        sys.exit(77)
    with Farm(binaries, delay="100ms") as farm:
        farm.submit("vision", "first", 60)
        farm.submit("audio", "second", 40, seed=8)
        web = farm.web("admin", "--link-lifetime", "10m")
        farm.wait(lambda: all(s["state"] == "done" for s in web.get("/searches")["searches"]), "the searches")
        farm.submit("vision", "steered", 5000, seed=21)
        pictures = sys.argv[4] if len(sys.argv) > 4 else str(binaries.parent / "web-pictures")
        done = subprocess.run(["node", str(pathlib.Path(__file__).parent / "pages.mjs"), what, web.link, web.token, pictures, str(folder)], env={**os.environ, "CHROMIUM": chromium}, timeout=160)
        if done.returncode:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
