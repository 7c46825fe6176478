#!/usr/bin/env python3
"""Optuna's samplers (Debian: python3-optuna) on the problems D1 and D2 of d1.sh and d2.sh, judged as `sonata bench` judges.

    optuna_nb201.py TABLE SEEDS FIRST_SEED

Rounds of ten, as of ten boards; an architecture that was proposed before is answered at no charge, so that 200 evaluations are 200 architectures. Prints
hypervolume in % of that of the whole table at 100 and 200: median [quartiles]."""
import csv
import gzip
import statistics
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
EDGES = ["e01", "e02", "e12", "e03", "e13", "e23"]
ERROR, LATENCY, ENERGY = ("cifar10_test200", 9.255), ("raspi4_latency_ms", 71.82432), ("fpga_energy_mj", 49.08742)
PROBLEMS = {"D1": [ERROR, LATENCY], "D2": [ERROR, LATENCY, ENERGY]}
BUDGET, ROUND, CHECKPOINTS, TRIES = 200, 10, (100, 200), 40


def volume(points, reference):
    """Hypervolume of minimised points, by slicing along the last objective."""
    points = [p for p in points if all(a < b for a, b in zip(p, reference))]
    if len(reference) == 1:
        return max((reference[0] - p[0] for p in points), default=0.0)
    points.sort(key=lambda p: p[-1])
    total = 0.0
    for i, p in enumerate(points):
        top = points[i + 1][-1] if i + 1 < len(points) else reference[-1]
        if top > p[-1]:
            total += (top - p[-1]) * volume([q[:-1] for q in points[: i + 1]], reference[:-1])
    return total


def front(points):
    kept = []
    for p in sorted(set(points)):
        if not any(all(a <= b for a, b in zip(q, p)) for q in kept):
            kept.append(p)
    return kept


def read(path, columns):
    table = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            values = tuple(100 - float(row[c]) if c == ERROR[0] else float(row[c]) for c, _ in columns)
            table[tuple(int(row[e]) for e in EDGES)] = values
    return table


def run(table, sampler, n_objectives):
    """The values in the order of evaluation, each architecture once."""
    choices = sorted({genes[0] for genes in table})
    study = optuna.create_study(directions=["minimize"] * n_objectives, sampler=sampler)
    seen, order = set(), []
    while len(order) < BUDGET:
        asked = []
        for _ in range(ROUND):
            for _ in range(TRIES):
                trial = study.ask()
                genes = tuple(trial.suggest_categorical(e, choices) for e in EDGES)
                if genes not in seen:
                    break
                study.tell(trial, table[genes])
            else:
                genes = sampler_random(table, seen, len(order))
                trial = None
            seen.add(genes)
            asked.append((trial, genes))
        for trial, genes in asked:
            order.append(table[genes])
            if trial is not None:
                study.tell(trial, table[genes])
    return order


def sampler_random(table, seen, n):
    """After TRIES repetitions: the next one that nobody saw, in a fixed order that is not that of the table."""
    keys = sorted(table, key=lambda g: hash((g, n)))
    return next(g for g in keys if g not in seen)


def samplers(seed):
    return {
        "optuna TPE (multivariate)": optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True),
        "optuna NSGA-II": optuna.samplers.NSGAIISampler(seed=seed),
        "optuna NSGA-II (population 20)": optuna.samplers.NSGAIISampler(seed=seed, population_size=20),
    }


def main():
    path, seeds, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for name, columns in PROBLEMS.items():
        table, reference = read(path, columns), tuple(r for _, r in columns)
        best = volume(front(table.values()), reference)
        for label in samplers(0):
            shares = []
            for seed in range(first, first + seeds):
                order = run(table, samplers(seed)[label], len(columns))
                shares.append([100 * volume(front(order[:n]), reference) / best for n in CHECKPOINTS])
            text = []
            for k, _ in enumerate(CHECKPOINTS):
                values = sorted(s[k] for s in shares)
                quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
                text.append("%5.1f [%4.1f, %5.1f]" % (quartiles[1], quartiles[0], quartiles[2]))
            print("%-4s %-32s %s" % (name, label, "  ".join(text)), flush=True)


if __name__ == "__main__":
    main()
