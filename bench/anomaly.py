"""Anomaly detectors beside their peers: scores and times on the same matrix, two threads, in turns.

    TRIPLINE_DATA=… python bench/anomaly.py [--rounds 5] [--only lof,hbos] [--memory]

Peers: PyOD 3.6.7, scikit-learn 1.9.1, River 0.26.1. Columns of the table: seconds of the peer and of
ours for fitting with scoring (medians over rounds in turns), their ratio, rank correlation of the two
scorings (random methods: means over three seeds a side, beside it that of the peer with itself over
three other seeds, which no method can beat), largest relative difference where the method
is deterministic, ROC AUC of each where labels are known. `unsw` is the 39 numeric columns of the
82,332-row file, standardised where the method needs it; `--memory` measures instead the growth of
resident memory from 1 M to 10 M rows of 10 columns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("PYTHONWARNINGS", "ignore")

import numpy as np
from scipy.stats import spearmanr

import common


def ours(binary, matrix, model, params=None, mode="fit_score", seed=0, threads=2, rounds=1, fit=None):
    """Seconds of each round ([fitting, scoring]) and the scores of the last."""
    with tempfile.TemporaryDirectory() as folder:
        data, request, scores = (Path(folder) / n for n in ("matrix", "request.json", "scores"))
        np.ascontiguousarray(matrix, dtype="<f8").tofile(data)
        request.write_text(
            json.dumps(
                {
                    "matrix": str(data),
                    "columns": matrix.shape[1],
                    "model": model,
                    "params": {k: str(v) for k, v in (params or {}).items()},
                    "mode": mode,
                    "seed": seed,
                    "threads": threads,
                    "rounds": rounds,
                    "fit": fit,
                }
            )
        )
        done = subprocess.run(
            [str(binary), "anomaly", str(request), str(scores)], capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{model}: {done.stderr}")
        return json.loads(done.stdout), np.fromfile(scores)


def standardised(matrix):
    spread = matrix.std(axis=0)
    return (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def pyod(name, **given):
    """PyOD's scores of the rows that it was fitted to."""

    def run(matrix, seed):
        module = __import__(f"pyod.models.{name.lower()}", fromlist=[name])
        model = getattr(module, name)(**given)
        if hasattr(model, "random_state"):
            model.random_state = seed
        model.fit(matrix)
        return model.decision_scores_

    return run


def sk_lof(matrix, _seed):
    from sklearn.neighbors import LocalOutlierFactor

    return -LocalOutlierFactor(n_neighbors=20, n_jobs=2).fit(matrix).negative_outlier_factor_


def sk_svm(matrix, _seed):
    from sklearn.svm import OneClassSVM

    model = OneClassSVM(nu=0.1, gamma="scale", cache_size=500).fit(matrix)
    return -model.decision_function(matrix)


def sk_forest(matrix, seed):
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(n_estimators=200, max_samples=256, n_jobs=2, random_state=seed).fit(matrix)
    return -model.score_samples(matrix)


def sk_mcd(matrix, seed):
    from sklearn.covariance import MinCovDet

    model = MinCovDet(random_state=seed).fit(matrix)
    return model.mahalanobis(matrix)


def sk_pca(matrix, _seed):
    """What components of 90 % of the variance leave."""
    from sklearn.decomposition import PCA

    model = PCA(n_components=0.9, svd_solver="full").fit(matrix)
    return ((matrix - model.inverse_transform(model.transform(matrix))) ** 2).sum(axis=1)


def river_trees(matrix, seed):
    """Test, then train, one row after the other."""
    from river import anomaly

    low, high = matrix[:1000].min(axis=0), matrix[:1000].max(axis=0)
    limits = {j: (float(low[j]), float(max(high[j], low[j] + 1e-9))) for j in range(matrix.shape[1])}
    model = anomaly.HalfSpaceTrees(n_trees=10, height=8, window_size=250, limits=limits, seed=seed)
    rows = [dict(enumerate(row)) for row in matrix.tolist()]
    for row in rows[:1000]:
        model.learn_one(row)
    scores = []
    for row in rows[1000:]:
        scores.append(model.score_one(row))
        model.learn_one(row)
    return np.array(scores)


def cases():
    """Name: (data, peer, our model, parameters, mode, whether random, rows fitted first)."""
    return {
        "lof": ("unsw20k", sk_lof, "lof", {"n_neighbors": 20}, "outliers", False, None),
        "lof std": ("unsw20k_std", sk_lof, "lof", {"n_neighbors": 20}, "outliers", False, None),
        "lof uniform": ("uniform20k", sk_lof, "lof", {"n_neighbors": 20}, "outliers", False, None),
        "knn": ("unsw20k_std", pyod("KNN", n_neighbors=5, n_jobs=2), "knn", {"n_neighbors": 5}, "outliers", False, None),
        "one_class_svm": ("unsw10k_std", sk_svm, "one_class_svm", {"nu": 0.1}, "fit_score", False, None),
        "hbos": ("unsw", pyod("HBOS"), "hbos", {}, "fit_score", False, None),
        "copod": ("unsw", pyod("COPOD"), "copod", {}, "fit_score", False, None),
        "ecod": ("unsw", pyod("ECOD"), "ecod", {}, "fit_score", False, None),
        # PyOD divides by the variance of each component, of which the last is 0: a column is the sum of two.
        "pca": ("unsw_std", pyod("PCA", n_components=38), "pca", {"score": "distance", "n_components": 38}, "fit_score", False, None),
        "pca reconstruction": ("unsw_std", sk_pca, "pca", {}, "fit_score", False, None),
        "robust_covariance": ("normal", sk_mcd, "robust_covariance", {}, "fit_score", True, None),
        "loda": ("unsw_std", pyod("LODA", n_bins="auto", n_random_cuts=100), "loda", {}, "fit_score", True, None),
        "isolation_forest": ("unsw", sk_forest, "isolation_forest", {}, "fit_score", True, None),
        "half_space_trees": ("stream", river_trees, "half_space_trees", {"n_trees": 10, "height": 8, "window_size": 250}, "stream", True, 1000),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--binary", help="a built tripline-bench, else it is built")
    args = parser.parse_args()
    binary = Path(args.binary) if args.binary else common.build()
    only = [name for name in args.only.split(",") if name]
    if args.memory:
        memory(binary, only)
        return

    _, features, attack, _ = common.unsw()
    table = features.select_dtypes("number").to_numpy(float)
    rng = np.random.default_rng(0)
    draw = rng.permutation(len(table))
    data = {
        "unsw": (table, attack),
        "unsw_std": (standardised(table), attack),
        "unsw20k": (table[draw[:20_000]], attack[draw[:20_000]]),
        "unsw20k_std": (standardised(table[draw[:20_000]]), attack[draw[:20_000]]),
        "unsw10k_std": (standardised(table[draw[:10_000]]), attack[draw[:10_000]]),
        "uniform20k": (rng.random((20_000, 40)), None),
        "normal": (np.r_[rng.normal(size=(9_500, 10)), rng.normal(4, 1, size=(500, 10))], np.arange(10_000) >= 9_500),
        "stream": (table[draw[:51_000]], attack[draw[:51_000]]),
    }
    print(f"{'case':<18} {'rows x columns':>15} {'peer s':>8} {'ours s':>8} {'ratio':>7} {'spearman':>9} {'of peers':>9} {'difference':>11} {'AUC peer':>9} {'ours':>7}")
    for name, (key, peer, model, params, mode, random, fit) in cases().items():
        if only and name.split()[0] not in only:
            continue
        matrix, attacks = data[key]
        threads = 1 if mode == "stream" else 2
        peer_seconds, our_seconds = [], []
        for turn in range(args.rounds):
            start = time.perf_counter()
            theirs = peer(matrix, turn)
            peer_seconds.append(time.perf_counter() - start)
            [seconds], scores = ours(binary, matrix, model, params, mode, turn, threads, fit=fit)
            our_seconds.append(sum(seconds) if mode != "stream" else seconds[1])
        noise = ""
        if random:
            others = np.mean([peer(matrix, seed) for seed in range(3, 6)], axis=0)
            theirs = np.mean([peer(matrix, seed) for seed in range(3)], axis=0)
            scores = np.mean([ours(binary, matrix, model, params, mode, seed, threads, fit=fit)[1] for seed in range(3)], axis=0)
            noise = f"{spearmanr(theirs, others)[0]:.4f}"
        peer_time, our_time = np.median(peer_seconds), np.median(our_seconds)
        difference = "" if random else f"{np.max(np.abs(theirs - scores) / np.maximum(np.abs(theirs), 1e-9)):.1e}"
        labels = attacks if fit is None or attacks is None else attacks[fit:]
        aucs = ["", ""] if labels is None else [f"{common.roc_auc(s, labels):.4f}" for s in (theirs, scores)]
        shape = f"{len(matrix)} x {matrix.shape[1]}"
        print(
            f"{name:<18} {shape:>15} {peer_time:8.3f} {our_time:8.3f} {peer_time / our_time:7.1f} "
            f"{spearmanr(theirs, scores)[0]:9.4f} {noise:>9} {difference:>11} {aucs[0]:>9} {aucs[1]:>7}",
            flush=True,
        )


LINEAR = "hbos copod ecod pca z_score loda isolation_forest extended_isolation_forest half_space_trees one_class_svm_rff padim robust_covariance".split()


DRAW = """
import sys, numpy
numpy.random.default_rng(0).normal(size=(int(sys.argv[1]), 10)).tofile(sys.argv[2])
"""


def memory(binary, only):
    """Resident memory at its peak for 1 M and 10 M rows of 10 columns."""
    print(f"{'model':<28} {'1 M rows':>12} {'10 M rows':>12} {'bytes a row':>12} {'seconds':>9}")
    for model in only or LINEAR:
        peaks, seconds = [], 0.0
        for rows in (1_000_000, 10_000_000):
            with tempfile.TemporaryDirectory() as folder:
                data, request, scores = (Path(folder) / n for n in ("matrix", "request.json", "scores"))
                # A child is charged with what its parent held when it started it.
                subprocess.run([sys.executable, "-c", DRAW, str(rows), str(data)], check=True)
                request.write_text(json.dumps({"matrix": str(data), "columns": 10, "model": model, "params": {}, "mode": "fit_score", "seed": 0, "threads": 2, "rounds": 1, "fit": None}))
                start = time.perf_counter()
                child = subprocess.Popen([str(binary), "anomaly", str(request), str(scores)], stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(child.pid, 0)
                seconds = time.perf_counter() - start
                if status:
                    sys.exit(f"{model} ended with {status}")
                peaks.append(usage.ru_maxrss * 1024)
        a_row = (peaks[1] - peaks[0]) / 9e6
        print(f"{model:<28} {peaks[0] / 1e6:9.0f} MB {peaks[1] / 1e6:9.0f} MB {a_row:12.0f} {seconds:9.1f}", flush=True)


if __name__ == "__main__":
    main()
