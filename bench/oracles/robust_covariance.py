"""Expected distances of robust covariances, from scikit-learn.

    python bench/oracles/robust_covariance.py crates/models/tests/data/robust_covariance.json

scikit-learn 1.9.1, seed 0. FastMCD is random; on easy rows every seed finds the same support, which
is asserted, so scores compare. On the others ranks do.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.covariance import MinCovDet
from sklearn.metrics import roc_auc_score

VERSIONS = {"scikit-learn": sklearn.__version__}
SEEDS = range(5)


def easy(rng):
    """Two clouds; the smaller one is far away."""
    mix = rng.normal(size=(4, 4))
    values = rng.normal(size=(150, 4)) @ mix
    values[:35] += rng.normal(size=(35, 4)) + 25
    return np.round(values * [1, 100, 0.01, 1] + [0, 5, 0, -3], 4), np.arange(150) < 35


def hard(rng):
    """Heavy tails with a cloud of outliers that the classical estimate hides."""
    mix = rng.normal(size=(6, 6))
    values = rng.standard_t(4, size=(900, 6)) @ mix
    values[:150] = rng.normal(size=(150, 6)) * 0.7 @ mix + 4 * mix[0] + 3 * mix[1]
    return np.round(values, 2), np.arange(900) < 150


def sets():
    rng = np.random.default_rng(0)
    for name, (values, attacks), fraction in (
        # As many as the larger cloud has.
        ("easy", easy(rng), 0.768),
        ("easy", easy(rng), 1.0),
        ("hard", easy(rng), None),
        ("hard", hard(rng), None),
    ):
        models = [
            MinCovDet(support_fraction=fraction, random_state=seed).fit(values) for seed in SEEDS
        ]
        if name == "easy":
            assert all((m.support_ == models[0].support_).all() for m in models)
        yield {
            "kind": name,
            "names": [f"c{j}" for j in range(values.shape[1])],
            "values": values.tolist(),
            "attacks": [int(a) for a in attacks],
            "params": {} if fraction is None else {"support_fraction": fraction},
            "runs": [list(np.round(m.mahalanobis(values), 10)) for m in models[: 1 if name == "easy" else 5]],
            "auc": [roc_auc_score(attacks, m.mahalanobis(values)) for m in models],
        }


def main(path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"versions": VERSIONS, "sets": list(sets())}, file)
        file.write("\n")


main(sys.argv[1])
