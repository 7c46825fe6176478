#!/usr/bin/env python3
"""The same trials in SONATA's pages and in Optuna's own plots (docs/WEB.md): a search of N architectures is exported, put into an Optuna storage, and drawn by
optuna.visualization (Plotly); both pictures are opened in Chromium. Needs python3-optuna and python3-plotly of Debian for /usr/bin/python3 and what
tests/integration/web/pages.py needs.

    optuna.py BIN_FOLDER SOURCE_FOLDER [N]
"""
import json
import pathlib
import subprocess
import sys

SEARCH = """name: side
space: fmnist-mbconv
objectives:
  - {{metric: params, goal: min}}
  - {{metric: macs, goal: min}}
algorithm: {{name: random}}
budget: {{evaluations: {n}}}
seed: 5
"""

DRAW = r"""
import json, sys, time
import optuna
from optuna.distributions import CategoricalDistribution
optuna.logging.set_verbosity(optuna.logging.ERROR)
rows = [x for x in json.load(open(sys.argv[1]))["individuals"] if x["state"] == "done"]
study = optuna.create_study(directions=["minimize", "minimize"])
choices = {}
for x in rows:
    for gene, choice in x["genes"].items():
        choices.setdefault(gene, set()).add(choice)
start = time.time()
study.add_trials([optuna.trial.create_trial(params=x["genes"], distributions={g: CategoricalDistribution(sorted(choices[g], key=str)) for g in x["genes"]},
                                            values=[x["metrics"]["params"]["value"], x["metrics"]["macs"]["value"]]) for x in rows])
print(f"optuna: {len(rows)} trials put into a storage in memory in {time.time() - start:.1f} s", flush=True)
start = time.time()
best = study.best_trials
print(f"optuna: best_trials, {len(best)} of them, {time.time() - start:.1f} s", flush=True)
start = time.time()
figure = optuna.visualization.plot_pareto_front(study)
figure.write_html(sys.argv[2], include_plotlyjs=True)
print(f"optuna: plot_pareto_front written as HTML in {time.time() - start:.1f} s", flush=True)
"""

OPEN = r"""
import { createRequire } from 'node:module';
import path from 'node:path';
const [page, modules] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, 'node_modules', 'x.js'))('playwright-core');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
const tab = await browser.newPage({ viewport: { width: 1400, height: 900 } });
const start = Date.now();
await tab.goto('file://' + page);
await tab.waitForSelector('.main-svg .points path, .main-svg canvas', { timeout: 60000 });
await tab.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
console.log(`optuna: its picture drawn ${Date.now() - start} ms after it was opened`);
await browser.close();
"""


def main():
    binaries, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 5000
    sys.path.insert(0, str(source / "tests/integration/web"))
    import farm as farms
    import pages
    modules = pages.modules(binaries.parent)
    with farms.Farm(binaries) as farm:
        work = farm.folder
        (work / "side.yaml").write_text(SEARCH.format(n=n))
        (work / "open.mjs").write_text(OPEN)
        farm.sonata("admin", "submit", "side.yaml")
        web = farm.web("admin", "--link-lifetime", "10m")
        farm.wait(lambda: web.get("/searches/1")["search"]["state"] == "done", "the search", 300)
        farm.sonata("admin", "export", "1", "--all", "-o", "all.json")
        print(f"{len(json.loads((work / 'all.json').read_text())['individuals'])} individuals", flush=True)
        subprocess.run(["/usr/bin/python3", "-c", DRAW, str(work / "all.json"), str(work / "front.html")], check=True)
        print(f"optuna: the page is {(work / 'front.html').stat().st_size / 1e6:.1f} MB", flush=True)
        subprocess.run(["node", str(work / "open.mjs"), str(work / "front.html"), str(modules)], check=True)
        print("sonata: ", end="", flush=True)
        subprocess.run(["node", str(source / "tests/bench/web/pages.mjs"), web.link.split("#")[0], web.token, str(modules), "1"], check=True)


if __name__ == "__main__":
    main()
