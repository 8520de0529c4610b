"""Expected scores of detectors by neighbours, from scikit-learn and PyOD.

    python bench/oracles/neighbours.py crates/models/tests/data/neighbours.json

scikit-learn 1.9.1, PyOD 3.6.7, seed 0. Trees, since scikit-learn's brute force computes distances
by products that lose digits.
"""

import json
import sys
import warnings

import numpy as np
import pyod
import sklearn
from pyod.models.knn import KNN
from sklearn.neighbors import LocalOutlierFactor

VERSIONS = {"scikit-learn": sklearn.__version__, "pyod": pyod.version.__version__}


def sets(rng):
    """Training rows with rows to score; no two different rows are equally far from a third."""
    cloud = np.round(rng.normal(size=(300, 5)) * [1, 0.5, 2, 1, 30], 6)
    yield "cloud", cloud, np.round(rng.normal(size=(40, 5)) * [2, 1, 4, 2, 60], 6)

    distinct = np.round(rng.normal(size=(60, 4)), 6)
    repeated = distinct[np.concatenate([rng.integers(0, 60, 150), np.repeat([3, 7], 45)])]
    yield "repeated rows", repeated, np.vstack([distinct[:20], np.round(rng.normal(size=(20, 4)), 6)])

    constant = np.round(rng.random((90, 12)), 6)
    constant[:, [2, 5, 11]] = [1.0, 0.0, -3e5]
    probe = np.round(rng.random((30, 12)), 6)
    probe[:, [2, 5, 11]] = [1.0, 0.02, -3e5]
    yield "constant columns", constant, probe

    far = np.round(rng.normal(size=(120, 3)) * 1e-3, 9) + [1e6, -2e6, 0]
    far[:3] = [[0, 0, 0], [1e6, 1e6, 1e6], [-1e7, 0, 5]]
    yield "far from the origin", far, far[:20] + [1e-4, 2e-4, 0.5]

    few = np.round(rng.normal(size=(12, 2)), 6)
    yield "few rows", few, np.round(rng.normal(size=(10, 2)) * 3, 6)


def lof(train, probe, k, metric):
    model = LocalOutlierFactor(k, algorithm="ball_tree", metric=metric).fit(train)
    new = LocalOutlierFactor(k, algorithm="ball_tree", metric=metric, novelty=True).fit(train)
    return {
        "model": "lof",
        "n_neighbors": k,
        "metric": metric,
        "outliers": (-model.negative_outlier_factor_).tolist(),
        "novelty": (-new.score_samples(probe)).tolist(),
    }


def knn(train, probe, k, method, metric):
    model = KNN(n_neighbors=k, method=method, metric=metric, algorithm="ball_tree").fit(train)
    return {
        "model": "knn",
        "n_neighbors": k,
        "method": method,
        "metric": metric,
        "outliers": model.decision_scores_.tolist(),
        "novelty": model.decision_function(probe).tolist(),
    }


def main():
    warnings.simplefilter("ignore")
    out = []
    for name, train, probe in sets(np.random.default_rng(0)):
        most = len(train) - 1
        cases = [lof(train, probe, min(k, most), "euclidean") for k in (1, 5, 20, most)]
        cases += [lof(train, probe, 7, metric) for metric in ("manhattan", "chebyshev")]
        cases += [knn(train, probe, 5, method, "euclidean") for method in ("largest", "mean", "median")]
        cases += [knn(train, probe, 8, "median", "manhattan")]
        cases += [knn(train, probe, most - 1, "mean", "chebyshev")]
        out.append({"name": name, "train": train.tolist(), "probe": probe.tolist(), "cases": cases})
    with open(sys.argv[1], "w") as file:
        json.dump({"versions": VERSIONS, "sets": out}, file)


main()
