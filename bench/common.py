"""What the quality scripts share: splits, metrics, paired intervals, calling our side."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent

NSL_FIELDS = (
    "duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot "
    "num_failed_logins logged_in num_compromised root_shell su_attempted num_root "
    "num_file_creations num_shells num_access_files num_outbound_cmds is_host_login "
    "is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate "
    "same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count "
    "dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate "
    "dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate "
    "dst_host_rerror_rate dst_host_srv_rerror_rate"
).split()


def data_folder():
    folder = os.environ.get("TRIPLINE_DATA")
    if not folder:
        sys.exit("set TRIPLINE_DATA to the folder that holds unsw-nb15/ and nsl-kdd/")
    return Path(folder)


def unsw():
    """Path, features (42 columns), attack or not, attack family."""
    path = data_folder() / "unsw-nb15" / "UNSW_NB15_82332.csv"
    table = pd.read_csv(path, encoding="utf-8-sig")
    features = table.drop(columns=["id", "attack_cat", "label"])
    return path, features, table["label"].to_numpy(bool), table["attack_cat"].to_numpy()


def nsl(name):
    """Path, features (41 columns), attack or not, attack name."""
    path = data_folder() / "nsl-kdd" / name
    table = pd.read_csv(path, header=None, names=[*NSL_FIELDS, "attack", "difficulty"])
    attack = table["attack"].to_numpy()
    return path, table[NSL_FIELDS], attack != "normal", attack


def groups(features):
    """Rows that are equal in all features share a number."""
    return features.groupby(list(features.columns), dropna=False, sort=False).ngroup().to_numpy()


def one_hot(features, categories=None):
    """Numbers with one column for each category value."""
    names = [c for c in features if features[c].dtype == object or str(features[c].dtype) in ("str", "string")]
    if categories is None:
        categories = {c: sorted(features[c].unique()) for c in names}
    parts = [features.drop(columns=names).astype(float)]
    for column, values in categories.items():
        codes = pd.Categorical(features[column], categories=values)
        parts.append(pd.get_dummies(pd.Series(codes, index=features.index), prefix=column).astype(float))
    table = pd.concat(parts, axis=1)
    table.columns = [f"f{i}" for i in range(table.shape[1])]
    return table.to_numpy(), categories


def roc_auc(score, attack, weight=None):
    """ROC AUC with ties counted half; `weight` is a count for each row."""
    order = np.argsort(score, kind="stable")
    return _auc_sorted(score[order], attack[order], None if weight is None else weight[order])


def _auc_sorted(score, attack, weight):
    weight = np.ones(len(score)) if weight is None else weight
    ends = np.flatnonzero(np.r_[np.diff(score) != 0, True])
    positive = np.diff(np.r_[0, np.cumsum(weight * attack)[ends]])
    negative = np.diff(np.r_[0, np.cumsum(weight * ~attack)[ends]])
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def _tpr_sorted(score, attack, weight, fpr):
    """Largest TPR at any threshold whose FPR is not above `fpr`; no interpolation. Ascending."""
    weight = np.ones(len(score)) if weight is None else weight
    score, attack, weight = score[::-1], attack[::-1], weight[::-1]
    ends = np.flatnonzero(np.r_[np.diff(score) != 0, True])
    tp = np.cumsum(weight * attack)[ends]
    fp = np.cumsum(weight * ~attack)[ends]
    allowed = np.flatnonzero(fp <= fpr * fp[-1] + 1e-9)
    return float(tp[allowed[-1]] / tp[-1]) if len(allowed) else 0.0


def tpr_at(score, attack, fpr, weight=None):
    order = np.argsort(score, kind="stable")
    return _tpr_sorted(score[order], attack[order], None if weight is None else weight[order], fpr)


def paired_interval(parts, metric, replicates=400, seed=0):
    """Mean difference (ours - peer) over parts with a 95 % stratified bootstrap interval.

    `parts` is a list of (ours, peer, attack, group); within a part whole groups of equal rows are
    drawn again, which are one piece of evidence, benign and attack groups apart (by their first
    row), the same for both models.
    """
    rng = np.random.default_rng(seed)
    sorted_metric = {"auc": _auc_sorted, "tpr": lambda s, a, w: _tpr_sorted(s, a, w, 1e-3)}[metric]
    point, draws = [], np.zeros(replicates)
    for ours, peer, attack, group in parts:
        _, first, member = np.unique(group, return_index=True, return_inverse=True)
        sides = [np.flatnonzero(attack[first]), np.flatnonzero(~attack[first])]
        by_ours, by_peer = np.argsort(ours, kind="stable"), np.argsort(peer, kind="stable")
        point.append(
            sorted_metric(ours[by_ours], attack[by_ours], None)
            - sorted_metric(peer[by_peer], attack[by_peer], None)
        )
        for r in range(replicates):
            times = np.zeros(len(first))
            for side in sides:
                times[side] = rng.multinomial(len(side), np.full(len(side), 1 / len(side)))
            weight = times[member]
            draws[r] += sorted_metric(ours[by_ours], attack[by_ours], weight[by_ours])
            draws[r] -= sorted_metric(peer[by_peer], attack[by_peer], weight[by_peer])
    low, high = np.quantile(draws / len(parts), [0.025, 0.975])
    return float(np.mean(point)), float(low), float(high)


def build():
    """Builds our side; gives the path of its binary."""
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--package", "tripline-bench"], cwd=ROOT, check=True
    )
    target = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout
    )["target_directory"]
    return Path(target) / "release" / "tripline-bench"


def fit_score(binary, *, train, runs, model, params=None, test=None, prepare=None, threads=2):
    """Fits and scores on our side; gives for each run its scores with the seconds of fitting.

    `runs` holds {"name", "seed", "fit": rows of train, "score": rows of test (of train without)};
    a missing "fit" or "score" is all rows.
    """
    with tempfile.TemporaryDirectory() as folder:
        request, scores = Path(folder) / "request.json", Path(folder) / "scores.f64"
        clean = [
            {k: (v.tolist() if isinstance(v, np.ndarray) else v) for k, v in run.items()} for run in runs
        ]
        request.write_text(
            json.dumps(
                {
                    "train": str(train),
                    "test": str(test) if test else None,
                    "model": model,
                    "params": {k: str(v) for k, v in (params or {}).items()},
                    "prepare": prepare,
                    "threads": threads,
                    "runs": clean,
                }
            )
        )
        done = subprocess.run(
            [str(binary), "fit-score", str(request), str(scores)], capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(done.stderr)
        values = np.fromfile(scores)
        out, start = [], 0
        for line in json.loads(done.stdout):
            out.append((values[start : start + line["rows"]], line["fit_seconds"]))
            start += line["rows"]
        return out


def log_opening(script, file, configuration, result):
    """Adds a line to test_openings.jsonl: every use of a test file is on record."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    text = json.dumps(configuration, sort_keys=True)
    line = {
        "script": script,
        "file": file,
        "commit": commit,
        "configuration": configuration,
        "configuration_sha256": hashlib.sha256(text.encode()).hexdigest()[:16],
        "result": result,
    }
    with open(ROOT / "bench" / "test_openings.jsonl", "a", encoding="utf-8") as log:
        log.write(json.dumps(line, sort_keys=True) + "\n")
