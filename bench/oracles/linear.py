"""Expected weights of linear models, from scikit-learn; their Shapley values, from shap.

    python bench/oracles/linear.py crates/models/tests/data/linear.json

scikit-learn 1.9.1, shap 0.51.0, seed 0. Rows are not shuffled, so that descent is comparable step by step.
"""

import itertools
import json
import sys

import numpy as np
import shap
import sklearn
from sklearn.linear_model import LogisticRegression, SGDClassifier

VERSIONS = {"scikit-learn": sklearn.__version__, "shap": shap.__version__}

# Small ones begin with steps so long that each carries on the rounding of the last a hundredfold.
ALPHA = 0.05


def data(rng, rows, classes):
    """Overlapping clouds of unequal spread, rounded so that the file is small."""
    codes = rng.integers(0, classes, size=rows)
    centres = rng.normal(size=(classes, 5))
    values = rng.normal(size=(rows, 5)) * [1.0, 0.5, 2.0, 1.0, 1.5] + centres[codes]
    return np.round(values, 4), codes


def line(model):
    return {
        "weights": model.coef_.ravel().tolist(),
        "intercepts": np.ravel(model.intercept_).tolist(),
    }


def logistic(values, codes, weights):
    """The optimum to the last digits; lbfgs must agree with the Newton solver."""
    for params in (
        {"C": 1.0},
        {"C": 0.01},
        {"C": 1e3, "class_weight": "balanced"},
        {"C": 1.0, "fit_intercept": False},
        {"penalty": "none"},
    ):
        for weight in (None, weights):
            given = {key: value for key, value in params.items() if key != "penalty"}
            if "penalty" in params:
                given["C"] = np.inf
            exact = LogisticRegression(
                solver="newton-cholesky", tol=1e-13, max_iter=1000, **given
            ).fit(values, codes, weight)
            near = LogisticRegression(solver="lbfgs", tol=1e-10, max_iter=10_000, **given)
            near.fit(values, codes, weight)
            assert np.allclose(exact.coef_, near.coef_, atol=1e-4), (exact.coef_, near.coef_)
            yield {"params": params, "weighted": weight is not None, **line(exact)}


def descent(values, codes, weights):
    """Five epochs in order."""
    cases = [
        {"loss": loss, "penalty": penalty, "alpha": ALPHA}
        for loss, penalty in itertools.product(
            ("hinge", "log_loss", "modified_huber"), ("l2", "l1", "elasticnet", "none")
        )
    ]
    cases += [
        {"loss": "log_loss", "learning_rate": "constant", "eta0": 0.05},
        {"loss": "hinge", "learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.3},
        {"loss": "log_loss", "class_weight": "balanced", "alpha": ALPHA},
        {"loss": "log_loss", "fit_intercept": False, "alpha": ALPHA},
        {"loss": "hinge", "alpha": 0.1, "penalty": "l1", "learning_rate": "constant", "eta0": 0.01},
    ]
    for case, average, weight in itertools.product(cases, (False, True), (None, weights)):
        if average and case.get("penalty") in ("l1", "elasticnet"):
            # There scikit-learn's lazy mean leaves out what the L1 penalty took away.
            continue
        if weight is not None and "class_weight" in case:
            # scikit-learn's descent balances rows, not their weights.
            continue
        given = {**case, "average": average}
        if given.get("penalty") == "none":
            given["penalty"] = None
        model = SGDClassifier(shuffle=False, tol=None, max_iter=5, **{"eta0": 0.01, **given})
        model.fit(values, codes, sample_weight=weight)
        if average or weight is None or case == cases[0]:
            yield {
                "params": {**case, "average": average},
                "weighted": weight is not None,
                **line(model),
            }


def main(path):
    rng = np.random.default_rng(0)
    sets = []
    for rows, classes in ((240, 2), (240, 3)):
        values, codes = data(rng, rows, classes)
        weights = rng.integers(0, 4, size=rows).astype(float)
        cases = list(descent(values, codes, weights))
        if classes == 3:
            cases = cases[::7]
        # Not averaged: with averages, scikit-learn goes on from a constant of 0.
        further = SGDClassifier(loss="log_loss", shuffle=False, tol=None, max_iter=5, alpha=ALPHA)
        further.fit(values, codes)
        further.partial_fit(values[:100], codes[:100])
        model = LogisticRegression(solver="newton-cholesky", tol=1e-13).fit(values, codes)
        masker = shap.maskers.Independent(values[:50], max_samples=50)
        parts = shap.LinearExplainer(model, masker)(values[50:60])
        sets.append(
            {
                "values": values.tolist(),
                "codes": codes.tolist(),
                "weights": weights.tolist(),
                "logistic": list(logistic(values, codes, weights)),
                "descent": cases,
                "further": line(further),
                "shap": {
                    "base": np.ravel(parts.base_values[0]).tolist(),
                    # Row by row, then column by column; a class each within.
                    "values": np.ravel(parts.values).tolist(),
                },
            }
        )
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"versions": VERSIONS, "sets": sets}, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
