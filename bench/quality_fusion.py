"""UNSW-NB15, each attack family left out: one rule that finds known and unknown attacks.

    TRIPLINE_DATA=… python bench/quality_fusion.py [--seeds 5] [--threads 2] [--fixed N]

The protocol of bench/quality_families.py: for each seed 30 % of the benign duplicate groups are
held out, for each family a model is fitted without it and without any row that equals a test row,
then scores the family with the benign rows held out; TPR at FPR 2 %. The rule is boosting against
synthetic outliers (`synthetic_outliers`); its parameters are chosen inside each outer training part
by leaving out, in turn, each of its own large families with 30 % of its benign groups: the family
that is scored at the end has no say. `--fixed N` takes candidate N for all without that choice.
"""

import argparse
import collections
import json

import numpy as np

import common
from quality_families import FAMILIES

BOOSTING = "gradient_boosting(n_estimators=300)"
LARGE_LEAVES = "gradient_boosting(n_estimators=300,min_child_samples=200)"

CANDIDATES = [
    {"base": BOOSTING, "swap": 0.2},
    {"base": BOOSTING, "swap": 0.5},
    {"base": LARGE_LEAVES, "swap": 0.2},
    {"base": LARGE_LEAVES, "swap": 0.5},
]

# A family of fewer rows tells too little about a parameter.
LEAST_OF_A_FAMILY = 300


def left_out(rows, family, group, attack, fitted, benign_held):
    """A run that leaves a family out of `fitted`, and the benign groups held."""
    test = fitted & (benign_held | (family == rows))
    fit = fitted & ~test & ~np.isin(group, group[test])
    return np.flatnonzero(fit), np.flatnonzero(test)


def outer_runs(seeds, attack, family, group):
    """As bench/quality_families.py draws them."""
    everything = np.ones(len(attack), bool)
    runs = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        benign = np.unique(group[~attack])
        held = ~attack & np.isin(group, rng.choice(benign, round(0.3 * len(benign)), replace=False))
        for name in FAMILIES:
            fit, score = left_out(name, family, group, attack, everything, held)
            runs.append({"name": name, "seed": seed, "fit": fit, "score": score})
    return runs


def inner_runs(outer, attack, family, group):
    """The same inside one outer training part."""
    fitted = np.zeros(len(attack), bool)
    fitted[outer["fit"]] = True
    names, counts = np.unique(family[fitted & attack], return_counts=True)
    rng = np.random.default_rng(1000 + outer["seed"])
    benign = np.unique(group[fitted & ~attack])
    held = fitted & ~attack & np.isin(group, rng.choice(benign, round(0.3 * len(benign)), replace=False))
    runs = []
    for name in names[counts >= LEAST_OF_A_FAMILY]:
        fit, score = left_out(name, family, group, attack, fitted, held)
        runs.append({"name": name, "seed": outer["seed"], "fit": fit, "score": score})
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fixed", type=int, help="a candidate for all, counted from 0")
    args = parser.parse_args()

    path, features, attack, family = common.unsw()
    group = common.groups(features)
    binary = common.build()

    def rates(runs, model, params):
        done = common.fit_score(
            binary, train=path, runs=runs, model=model, params=params, prepare="", threads=args.threads
        )
        return [common.tpr_at(score, attack[run["score"]], 0.02) for run, (score, _) in zip(runs, done)]

    outer = outer_runs(args.seeds, attack, family, group)
    rate = {"boosting": [], "ours": []}
    chosen = collections.Counter()
    for run in outer:
        if args.fixed is None:
            inner = inner_runs(run, attack, family, group)
            merits = [np.mean(rates(inner, "synthetic_outliers", {**c, "n_estimators": 1})) for c in CANDIDATES]
            choice = CANDIDATES[int(np.argmax(merits))]
        else:
            merits, choice = [], CANDIDATES[args.fixed]
        chosen[json.dumps(choice)] += 1
        rate["boosting"] += rates([run], "gradient_boosting", {})
        rate["ours"] += rates([run], "synthetic_outliers", choice)
        print(
            f"seed {run['seed']} {run['name']:14} boosting {rate['boosting'][-1]:.3f} ours {rate['ours'][-1]:.3f}  "
            f"{json.dumps(choice)}  inner {' '.join(f'{m:.3f}' for m in merits)}",
            flush=True,
        )
    for side, values in rate.items():
        table = np.array(values).reshape(args.seeds, len(FAMILIES))
        each = "  ".join(f"{n} {v:.3f}" for n, v in zip(FAMILIES, table.mean(axis=0)))
        print(f"{side:9} mean {table.mean():.4f}  {each}")
    difference = np.subtract(rate["ours"], rate["boosting"]).reshape(args.seeds, -1)
    print("ours - boosting: " + "  ".join(f"{n} {v:+.3f}" for n, v in zip(FAMILIES, difference.mean(axis=0))))
    by_seed = difference.mean(axis=1)
    print(f"  by seed {' '.join(f'{d:+.4f}' for d in by_seed)}  mean {by_seed.mean():+.4f}", end="")
    print(f", standard error {by_seed.std(ddof=1) / len(by_seed) ** 0.5:.4f}" if args.seeds > 1 else "")
    print("chosen: " + "  ".join(f"{count} × {text}" for text, count in chosen.most_common()))


if __name__ == "__main__":
    main()
