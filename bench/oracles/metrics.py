"""Expected values of metrics with drift statistics, from scikit-learn 1.9.1, SciPy and NumPy.

usage: metrics.py OUT.json

Everything is drawn from numpy.random.default_rng(0).
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

rng = np.random.default_rng(0)


def tpr_at(attacks, scores, weights, limit):
    fpr, tpr, _ = sk.roc_curve(attacks, scores, sample_weight=weights, drop_intermediate=False)
    return float(tpr[fpr <= limit].max())


def binary(name, scores, attacks, weights, probability, threshold):
    decided = scores >= threshold
    w = {"sample_weight": weights}
    tn, fp, fn, tp = sk.confusion_matrix(attacks, decided, **w).ravel()
    expected = {
        "roc_auc": sk.roc_auc_score(attacks, scores, **w),
        "pr_auc": sk.average_precision_score(attacks, scores, **w),
        "partial_auc": sk.roc_auc_score(attacks, scores, max_fpr=0.01, **w),
        "tpr_at_fpr_1e-2": tpr_at(attacks, scores, weights, 0.01),
        "accuracy": sk.accuracy_score(attacks, decided, **w),
        "balanced_accuracy": sk.balanced_accuracy_score(attacks, decided, **w),
        "precision": sk.precision_score(attacks, decided, zero_division=0, **w),
        "recall": sk.recall_score(attacks, decided, **w),
        "f1": sk.f1_score(attacks, decided, **w),
        "mcc": sk.matthews_corrcoef(attacks, decided, **w),
        "fpr": fp / (fp + tn),
        "fnr": fn / (fn + tp),
        "brier": sk.brier_score_loss(attacks, probability, **w),
        "log_loss": sk.log_loss(attacks, probability, **w),
    }
    return {
        "name": name,
        "scores": scores.tolist(),
        "attacks": attacks.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "probability": probability.tolist(),
        "threshold": threshold,
        "expected": {key: float(value) for key, value in expected.items()},
        "confusion": [float(tp), float(fp), float(tn), float(fn)],
    }


def draw(n, share, shift, digits):
    attacks = rng.random(n) < share
    scores = np.round(rng.normal(size=n) + shift * attacks, digits)
    probability = np.round(special.expit(1.5 * scores - 1.0), 6)
    return scores, attacks, probability


cases = []
for name, n, share, shift, digits, weighted in [
    ("continuous", 600, 0.4, 1.2, 6, False),
    ("ties", 600, 0.3, 1.0, 0, False),
    ("weights", 600, 0.5, 0.8, 6, True),
    ("ties with weights", 600, 0.2, 1.5, 0, True),
    ("few attacks", 1200, 0.02, 2.0, 2, False),
    ("worse than chance", 400, 0.5, -0.7, 3, False),
    ("nothing alerts", 400, 0.5, 1.0, 6, False),
]:
    scores, attacks, probability = draw(n, share, shift, digits)
    weights = np.round(rng.random(n) * 3.0, 3) if weighted else None
    threshold = 1e9 if name == "nothing alerts" else 1.0
    cases.append(binary(name, scores, attacks, weights, probability, threshold))

scores, attacks, probability = draw(600, 0.4, 1.2, 9)
probability = np.clip(special.expit(scores), 0, 1)
observed, predicted = calibration_curve(attacks, probability, n_bins=15, strategy="quantile")
calibration = {
    "probability": probability.tolist(),
    "attacks": attacks.tolist(),
    "predicted": predicted.tolist(),
    "observed": observed.tolist(),
}

names = ["benign", "dos", "scan", "worm"]
truth = rng.choice(4, size=300, p=[0.5, 0.3, 0.17, 0.03])
raw = rng.normal(size=(300, 4)) + 1.3 * np.eye(4)[truth]
probabilities = np.round(special.softmax(raw, axis=1), 6)
called = probabilities.argmax(axis=1)
report = sk.classification_report(
    truth, called, labels=range(4), target_names=names, output_dict=True, zero_division=0
)
multiclass = {
    "names": names,
    "truth": truth.tolist(),
    "probabilities": probabilities.ravel().tolist(),
    "confusion": sk.confusion_matrix(truth, called, labels=range(4)).tolist(),
    "report": report,
    "accuracy": float(sk.accuracy_score(truth, called)),
    "roc_auc": [float(sk.roc_auc_score(truth == c, probabilities[:, c])) for c in range(4)],
}

samples = []
for name, one, other in [
    ("shifted", rng.normal(size=400), rng.normal(0.3, 1.2, size=300)),
    ("ties", rng.integers(0, 6, size=500), rng.integers(1, 7, size=200)),
    ("equal", np.arange(50), np.arange(50)),
    ("apart", np.arange(30), np.arange(100, 140)),
]:
    one, other = np.round(one.astype(float), 6), np.round(other.astype(float), 6)
    statistic = stats.ks_2samp(one, other).statistic
    effective = np.sqrt(len(one) * len(other) / (len(one) + len(other)))
    samples.append(
        {
            "name": name,
            "one": one.tolist(),
            "other": other.tolist(),
            "ks": float(statistic),
            "ks_p": float(special.kolmogorov(effective * statistic)),
            "wasserstein": float(stats.wasserstein_distance(one, other)),
        }
    )

tables = []
for one, other in [
    ([30, 20, 50], [25, 35, 40]),
    ([500, 3, 1, 0, 12], [480, 9, 0, 4, 30]),
    ([10, 10], [10, 10]),
    (rng.integers(1, 90, size=60).tolist(), rng.integers(1, 90, size=60).tolist()),
]:
    test = stats.chi2_contingency(np.array([one, other]), correction=False)
    tables.append(
        {
            "one": [float(v) for v in one],
            "other": [float(v) for v in other],
            "statistic": float(test.statistic),
            "degrees": int(test.dof),
            "p": float(test.pvalue),
            "js": float(jensenshannon(one, other, base=2)),
        }
    )

json.dump(
    {
        "versions": {
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
            "numpy": np.__version__,
        },
        "seed": 0,
        "binary": cases,
        "calibration": calibration,
        "multiclass": multiclass,
        "samples": samples,
        "tables": tables,
        "kolmogorov": [[x, float(special.kolmogorov(x))] for x in [0.2, 0.5, 0.9, 1.0, 1.3, 2.5]],
        "chi2": [[x, d, float(stats.chi2.sf(x, d))] for x, d in [(0.1, 1), (3.84, 1), (40.0, 7), (5.0, 60), (900.0, 800), (1500.0, 200)]],
    },
    open(sys.argv[1], "w"),
    separators=(",", ":"),
)
