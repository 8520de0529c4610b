"""Expected values of calibration, from scikit-learn with SciPy.

    python bench/oracles/calibration.py crates/models/tests/data/calibration.json

scikit-learn 1.9.1, scipy, seed 0.
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from sklearn.calibration import _sigmoid_calibration, _TemperatureScaling
from sklearn.isotonic import IsotonicRegression


def platt(scores, attacks, weights):
    """Slope with offset of least cross-entropy against Platt's targets, to the last digits."""
    above, below = weights[attacks].sum(), weights[~attacks].sum()
    targets = np.where(attacks, (above + 1) / (above + 2), 1 / (below + 2))

    def loss(x):
        f = x[0] * scores + x[1]
        p = expit(f)
        gap = weights * (p - targets)
        return (
            np.sum(weights * (np.logaddexp(0, f) - targets * f)),
            np.array([gap @ scores, gap.sum()]),
        )

    def hessian(x):
        p = expit(x[0] * scores + x[1])
        curve = weights * p * (1 - p)
        cross = curve @ scores
        return np.array([[curve @ scores**2, cross], [cross, curve.sum()]])

    start = minimize(loss, [0.0, 0.0], jac=True, method="BFGS").x
    for _ in range(20):
        start = start - np.linalg.solve(hessian(start), loss(start)[1])
    return start.tolist()


def main(path):
    rng = np.random.default_rng(0)
    n = 400
    attacks = rng.random(n) < 0.3
    # Rounded, so that scores tie; over-confident, so that a temperature has work to do.
    scores = np.round(rng.normal(size=n) * 3 + np.where(attacks, 3.0, -3.0), 1)
    weights = rng.integers(1, 5, size=n).astype(float)
    probe = np.concatenate([np.linspace(-15, 15, 61), scores[:20]])
    cases = []
    for weight in (np.ones(n), weights):
        slope, offset = platt(scores, attacks, weight)
        a, b = _sigmoid_calibration(scores, attacks.astype(float), weight)
        assert abs(-a - slope) < 1e-4 and abs(-b - offset) < 1e-4, (a, b, slope, offset)
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(scores, attacks, weight)
        margins = np.where(attacks, scores, -scores)
        factor = minimize_scalar(
            lambda f: np.sum(weight * np.logaddexp(0, -f * margins)),
            bounds=(1e-3, 10),
            method="bounded",
            options={"xatol": 1e-12},
        ).x
        cases.append(
            {
                "weights": weight.tolist(),
                "slope": slope,
                "offset": offset,
                "isotonic": isotonic.predict(probe).tolist(),
                "factor": factor,
            }
        )

    classes = 3
    codes = rng.integers(0, classes, size=n)
    logits = rng.normal(size=(n, classes)) * 2
    logits[np.arange(n), codes] += 2
    chances = np.exp(logits * 2 - np.logaddexp.reduce(logits * 2, axis=1)[:, None])
    # scikit-learn adds 1e-12 before it takes the logarithm: keep that below the tolerance.
    chances = np.clip(np.round(chances, 9), 1e-5, None)
    chances /= chances.sum(axis=1, keepdims=True)
    beta = float(_TemperatureScaling().fit(chances, codes).beta_)

    result = {
        "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
        "scores": scores.tolist(),
        "attacks": attacks.tolist(),
        "probe": probe.tolist(),
        "cases": cases,
        "classes": {
            "probabilities": chances.ravel().tolist(),
            "codes": codes.tolist(),
            "factor": beta,
        },
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
