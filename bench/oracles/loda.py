"""Expected scores of Loda, from numpy by the paper and from PyOD.

    python bench/oracles/loda.py crates/models/tests/data/loda.json

numpy 2.4.6, PyOD 3.6.7, seeds 0 to 9, whose scores are averaged. PyOD looks a place up one bin too
high (it searches the left edges for the number of those below) and gives places outside a histogram
the bins at its ends; so the paper's histogram is written out here too.
"""

import json
import sys

import numpy as np
from pyod.models.loda import LODA
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

SEEDS = 10


MIX = np.array(
    [[1, 0.5, 0, 0, 0], [0, 1, 0.4, 0, 0], [0, 0, 1, 0, 0.8], [0.3, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
)


def data(rng, rows):
    """Columns that go together, with a long tail that all share."""
    return rng.normal(size=(rows, 5)) @ MIX + rng.gamma(2.0, size=(rows, 1))


def best_bins(places):
    """Birgé & Rozenholc 2006: the penalised likelihood of regular histograms."""
    n, best = len(places), (-np.inf, 1)
    for bins in range(1, max(2, int(np.sqrt(n)))):
        counts = np.histogram(places, bins=bins)[0]
        counts = counts[counts > 0]
        gain = np.sum(counts * np.log(bins * counts / n)) - (bins - 1 + np.log(bins) ** 2.5)
        best = max(best, (gain, bins), key=lambda pair: pair[0])
    return best[1]


def paper(rows, others, seed, bins):
    rng = np.random.default_rng(seed)
    width = rows.shape[1]
    total = np.zeros(len(others))
    for _ in range(100):
        weights = np.zeros(width)
        used = rng.choice(width, int(np.sqrt(width)), replace=False)
        weights[used] = rng.normal(size=len(used))
        places = rows @ weights
        counts, edges = np.histogram(places, bins=bins or best_bins(places))
        at = others @ weights
        index = np.searchsorted(edges, at, side="right") - 1
        index[at == edges[-1]] = len(counts) - 1
        inside = (at >= edges[0]) & (at <= edges[-1])
        mass = np.where(inside, counts[np.clip(index, 0, len(counts) - 1)], 0) + 1e-12
        total -= np.log(mass / (len(rows) + len(counts) * 1e-12))
    return total / 100


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    rows = np.round(data(rng, 800), 3)
    others = np.round(np.vstack([data(rng, 200), rng.uniform(-5, 8, size=(100, 5))]), 3)
    attack = np.repeat([False, True], [200, 100])
    cases = []
    for bins in (0, 10):
        mean = np.mean([paper(rows, others, seed, bins) for seed in range(SEEDS)], axis=0)
        pyod = np.mean(
            [
                LODA(n_bins=bins or "auto", n_random_cuts=100, random_state=seed)
                .fit(rows)
                .decision_function(others)
                for seed in range(SEEDS)
            ],
            axis=0,
        )
        case = {
            "bins": bins,
            "paper": np.round(mean, 5).tolist(),
            "auc": roc_auc_score(attack, mean),
            "pyod": np.round(pyod, 7).tolist(),
            "pyod_auc": roc_auc_score(attack, pyod),
        }
        print(bins, case["auc"], case["pyod_auc"], spearmanr(mean, pyod).statistic)
        cases.append(case)
    oracle = {"rows": rows.tolist(), "others": others.tolist(), "cases": cases}
    with open(sys.argv[1], "w") as out:
        json.dump(oracle, out, separators=(",", ":"))
