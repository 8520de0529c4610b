"""Expected scores, offsets and support vectors of one-class SVMs, from scikit-learn.

    python bench/oracles/one_class_svm.py crates/models/tests/data/one_class_svm.json

scikit-learn 1.9.1, seed 0, tolerance 1e-9. Its kernel columns are single numbers, which bounds how
near any other solution comes. `sampled` holds mean scores of `RBFSampler` (300 components) with
`SGDOneClassSVM` over its seeds 0 to 19, as outliers score high.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDOneClassSVM
from sklearn.svm import OneClassSVM

CASES = [
    {"kernel": "rbf", "nu": 0.1, "gamma": "scale"},
    {"kernel": "rbf", "nu": 0.5, "gamma": "auto"},
    {"kernel": "rbf", "nu": 0.033, "gamma": 0.7},
    {"kernel": "rbf", "nu": 0.001, "gamma": "scale"},
    {"kernel": "linear", "nu": 0.2, "gamma": "scale"},
    {"kernel": "poly", "nu": 0.3, "gamma": 0.2, "degree": 3, "coef0": 1.0},
    {"kernel": "poly", "nu": 0.15, "gamma": "scale", "degree": 2, "coef0": 0.0},
    {"kernel": "sigmoid", "nu": 0.4, "gamma": 0.05, "coef0": 0.5},
]


def data(rng, rows):
    centres = np.array([[2.0, 0.5, 1.0, 0.0], [0.5, 2.0, 1.5, 1.0]])
    spread = np.array([0.6, 0.4, 0.9, 0.5])
    return np.round(centres[rng.integers(0, 2, rows)] + rng.normal(size=(rows, 4)) * spread, 4)


def sampled(rows, others, seeds):
    gamma = 1 / (rows.shape[1] * rows.var())
    scores = []
    for seed in range(seeds):
        features = RBFSampler(gamma=gamma, n_components=300, random_state=seed).fit(rows)
        model = SGDOneClassSVM(nu=0.1, average=True, max_iter=3000, tol=None, random_state=seed)
        model.fit(features.transform(rows))
        scores.append(-model.decision_function(features.transform(others)))
    return np.mean(scores, axis=0)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    rows = data(rng, 300)
    others = np.vstack([data(rng, 40), np.round(rng.normal(size=(40, 4)) * 3, 4)])
    cases = []
    for params in CASES:
        model = OneClassSVM(tol=1e-9, **params).fit(rows)
        cases.append(
            {
                "params": params,
                "decisions": model.decision_function(others).tolist(),
                "offset": float(model.offset_[0]),
                "support": model.support_[np.abs(model.dual_coef_[0]) > 1e-5].tolist(),
                "dual": model.dual_coef_[0][np.abs(model.dual_coef_[0]) > 1e-5].tolist(),
            }
        )
    oracle = {
        "scikit-learn": sklearn.__version__,
        "rows": rows.tolist(),
        "others": others.tolist(),
        "cases": cases,
        "sampled": sampled(rows, others, 20).tolist(),
    }
    with open(sys.argv[1], "w") as out:
        json.dump(oracle, out, separators=(",", ":"))
