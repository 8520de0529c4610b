"""UNSW-NB15, 82,332-row file: 5 duplicate-grouped folds at each group seed, ours against LightGBM.

    TRIPLINE_DATA=… python bench/quality_unsw.py [--seeds 5] [--models gradient_boosting …]

Prints mean ROC AUC with TPR at FPR 1e-3 over all folds, and for gradient boosting the paired
difference to LightGBM 4.7 (300 trees, 31 leaves, defaults, 190 one-hot columns) with a stratified
95 % bootstrap interval over groups of equal rows. No test file: the folds are of one file, their
use is not an opening.
"""

import argparse

import lightgbm
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

import common


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=["gradient_boosting"])
    parser.add_argument("--param", action="append", default=[], help="name=value, of ours")
    parser.add_argument("--native", action="store_true", help="LightGBM with native categories")
    args = parser.parse_args()

    path, features, attack, _ = common.unsw()
    group = common.groups(features)
    table, _ = common.one_hot(features)
    categorical = "auto"
    if args.native:
        codes = features.copy()
        names = [c for c in codes if c in ("proto", "service", "state")]
        for column in names:
            codes[column] = codes[column].astype("category").cat.codes
        table = codes.to_numpy(float)
        categorical = [features.columns.get_loc(c) for c in names]
    splits = []
    for seed in range(args.seeds):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for number, (fit, score) in enumerate(folds.split(table, attack, group)):
            splits.append({"name": f"{seed}.{number}", "seed": seed, "fit": fit, "score": score})
    binary = common.build()

    peer = []
    for split in splits:
        model = lightgbm.LGBMClassifier(
            n_estimators=300, num_leaves=31, n_jobs=2, random_state=split["seed"], verbose=-1
        )
        model.fit(table[split["fit"]], attack[split["fit"]], categorical_feature=categorical)
        peer.append(model.predict(table[split["score"]], raw_score=True))
    show("LightGBM 300x31", [(score, attack[s["score"]]) for score, s in zip(peer, splits)])

    for name in args.models:
        params = dict(text.split("=", 1) for text in args.param) if name == "gradient_boosting" else {}
        ours = common.fit_score(binary, train=path, runs=splits, model=name, params=params)
        show(name, [(score, attack[s["score"]]) for (score, _), s in zip(ours, splits)])
        print(f"  median fit {np.median([t for _, t in ours]):.2f} s", flush=True)
        if name == "gradient_boosting":
            parts = [
                (o, p, attack[s["score"]], group[s["score"]])
                for (o, _), p, s in zip(ours, peer, splits)
            ]
            for metric, title in (("auc", "ROC AUC"), ("tpr", "TPR at FPR 1e-3")):
                mean, low, high = common.paired_interval(parts, metric)
                print(f"  ours - LightGBM, {title}: {mean:+.5f} [{low:+.5f}, {high:+.5f}]")


def show(name, parts):
    auc = np.mean([common.roc_auc(score, attack) for score, attack in parts])
    tpr = np.mean([common.tpr_at(score, attack, 1e-3) for score, attack in parts])
    print(f"{name:20} ROC AUC {auc:.5f}  TPR at FPR 1e-3 {tpr:.4f}  ({len(parts)} folds)", flush=True)


if __name__ == "__main__":
    main()
