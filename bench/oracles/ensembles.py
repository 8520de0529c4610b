"""Expected values of ensembles from scikit-learn 1.9.1 and PyOD 3.6.7.

    venv/bin/python bench/oracles/ensembles.py crates/models/tests/data/ensembles.json

Seed 0. Stacking's held-out predictions are those of scikit-learn's StackingClassifier over folds
that the test gives to both; voting is its VotingClassifier (soft, weighted). Combinations are those
of `pyod.models.combination` over given scores.
"""

import json
import sys

import numpy as np
from pyod.models.combination import average, maximization, median
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
ROWS = 240


def logistic(c):
    return LogisticRegression(C=c, tol=1e-12, max_iter=100_000)


def data():
    x = np.round(rng.normal(size=(ROWS, 4)), 6)
    y = (x[:, 0] + x[:, 1] ** 2 - 1 + 0.5 * rng.normal(size=ROWS) > 0).astype(int)
    return x, y


if __name__ == "__main__":
    x, y = data()
    folds = [int(fold) for fold in rng.permutation(np.arange(ROWS) % 3)]
    parts = [
        (np.flatnonzero(np.array(folds) != k), np.flatnonzero(np.array(folds) == k))
        for k in range(3)
    ]
    probe = np.round(rng.normal(size=(10, 4)), 6)
    members = [("strong", logistic(0.01)), ("weak", logistic(100.0))]
    held_out = [
        cross_val_predict(model, x, y, cv=parts, method="decision_function").tolist()
        for _, model in members
    ]
    stack = StackingClassifier(
        members,
        final_estimator=make_pipeline(StandardScaler(), logistic(1.0)),
        cv=parts,
        stack_method="decision_function",
    ).fit(x, y)
    vote = VotingClassifier(members, voting="soft", weights=[2, 1]).fit(x, y)
    scores = np.round(rng.normal(size=(12, 4)), 6)
    weights = np.array([[0.4, 0.3, 0.2, 0.1]])
    expected = {
        "rows": x.tolist(),
        "attacks": [bool(label) for label in y],
        "folds": folds,
        "probe": probe.tolist(),
        "held_out": held_out,
        "stacking": stack.decision_function(probe).tolist(),
        "voting": vote.predict_proba(probe)[:, 1].tolist(),
        "scores": scores.tolist(),
        "weights": weights[0].tolist(),
        "average": average(scores).tolist(),
        "weighted": average(scores, estimator_weights=weights).tolist(),
        "maximum": maximization(scores).tolist(),
        "median": median(scores).tolist(),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(expected, file, separators=(",", ":"))
