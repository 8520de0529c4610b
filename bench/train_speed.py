"""Training time on the UNSW-NB15 82,332-row file, two threads: ours against the peers, in turns.

    TRIPLINE_DATA=… python bench/train_speed.py [--rounds 7]

Gradient boosting: 300 trees of 31 leaves, LightGBM 4.7 on 190 one-hot columns, ours on the 42 raw
ones. Random forest: 100 trees, scikit-learn 1.9 on the one-hot columns, `n_jobs=2`. The first of 5
duplicate-grouped folds is held out, so that quality stands beside time. Medians over the rounds;
the peer and ours take turns, so that a noisy machine disturbs both.
"""

import argparse
import time

import lightgbm
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold

import common


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()

    path, features, attack, _ = common.unsw()
    table, _ = common.one_hot(features)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    fit, held = next(folds.split(table, attack, common.groups(features)))
    inside, truth = table[fit], attack[fit]
    binary = common.build()

    def peer(make, score):
        model = make()
        start = time.perf_counter()
        model.fit(inside, truth)
        seconds = time.perf_counter() - start
        return seconds, score(model)

    def ours(name, params):
        run = {"name": name, "seed": 0, "fit": fit, "score": held}
        [(score, seconds)] = common.fit_score(binary, train=path, runs=[run], model=name, params=params)
        return seconds, score

    pairs = {
        "gradient boosting 300 x 31": (
            "LightGBM",
            lambda: peer(
                lambda: lightgbm.LGBMClassifier(n_estimators=300, num_leaves=31, n_jobs=2, verbose=-1),
                lambda model: model.predict(table[held], raw_score=True),
            ),
            lambda: ours("gradient_boosting", {"n_estimators": 300, "num_leaves": 31}),
        ),
        "random forest, 100 trees": (
            "scikit-learn",
            lambda: peer(
                lambda: RandomForestClassifier(100, n_jobs=2, random_state=0),
                lambda model: model.predict_proba(table[held])[:, 1],
            ),
            lambda: ours("random_forest", {"n_estimators": 100}),
        ),
    }
    for title, (name, other, own) in pairs.items():
        times = {name: [], "ours": []}
        for _ in range(args.rounds):
            for side, run in ((name, other), ("ours", own)):
                seconds, score = run()
                times[side].append(seconds)
                if len(times[side]) == args.rounds:
                    quality = common.roc_auc(score, attack[held]), common.tpr_at(score, attack[held], 1e-3)
                    print(
                        f"{title:27} {side:12} median {np.median(times[side]):.3f} s  "
                        f"ROC AUC {quality[0]:.5f}  TPR at FPR 1e-3 {quality[1]:.4f}"
                    )
        ratio = np.median(times["ours"]) / np.median(times[name])
        print(f"{title:27} ours / {name}: {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
