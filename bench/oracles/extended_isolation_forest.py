"""Expected scores of extended isolation forests, from isotree.

    python bench/oracles/extended_isolation_forest.py \
        crates/models/tests/data/extended_isolation_forest.json

isotree 0.6.1, scikit-learn 1.9.1, seeds 0 to 4, whose scores are averaged. Normal vectors have
standard normal weights of all columns, or of two; hyperplanes go through a uniform point.
"""

import json
import sys

import numpy as np
from isotree import IsolationForest
from sklearn.metrics import roc_auc_score


def data(rng, rows, attacks):
    """Two clouds on a diagonal with rows beside them, where bands of the axes cross."""
    centres = np.array([[0.0, 6.0, 0.0, 1.0], [6.0, 0.0, 2.0, -1.0]])
    benign = centres[rng.integers(0, 2, rows)] + rng.normal(size=(rows, 4))
    odd = rng.uniform(-4, 10, size=(attacks, 4)) * [1, 1, 0.5, 0.5]
    return np.round(np.vstack([benign, odd]), 3)


def scores(rows, others, ndim, standardize=False):
    total = np.zeros(len(others))
    for seed in range(5):
        model = IsolationForest(
            ntrees=300,
            sample_size=256,
            ndim=ndim,
            coefs="normal",
            coef_by_prop=False,
            standardize_data=standardize,
            missing_action="fail",
            penalize_range=False,
            random_seed=seed,
            nthreads=1,
        ).fit(rows)
        total += model.predict(others)
    return total / 5


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    rows = data(rng, 1000, 0)
    others = data(rng, 300, 100)
    attack = np.repeat([False, True], [300, 100])
    cases = []
    for ndim in (4, 2):
        found = scores(rows, others, ndim)
        auc = roc_auc_score(attack, found)
        cases.append({"columns": ndim, "scores": np.round(found, 6).tolist(), "auc": auc})
    oracle = {"rows": rows.tolist(), "others": others.tolist(), "cases": cases}
    with open(sys.argv[1], "w") as out:
        json.dump(oracle, out, separators=(",", ":"))
    print([case["auc"] for case in cases])
