"""NSL-KDD, KDDTrain+ to KDDTest+: one frozen configuration of ours against LightGBM with XGBoost.

    TRIPLINE_DATA=… python bench/quality_nsl.py

Opens the test file, so each run adds a line to bench/test_openings.jsonl. The configurations stand
in bench/nsl_frozen.json; they were chosen by bench/select_nsl.py, which reads KDDTrain+ alone.
Printed: ROC AUC at seeds 0 to 9, the mean with an interval over seeds of the paired difference to
the better peer; then thresholds fixed as quantiles of out-of-fold scores of training normals
(5 duplicate-grouped folds), with the false-positive rate realised on the test file.
"""

import json

import lightgbm
import numpy as np
import xgboost
from sklearn.model_selection import StratifiedGroupKFold

import common

SEEDS = range(10)
QUANTILES = (0.95, 0.99, 0.999)


def peers(frozen, seed):
    return {
        "LightGBM": lightgbm.LGBMClassifier(**frozen["LightGBM"], n_jobs=2, random_state=seed, verbose=-1),
        "XGBoost": xgboost.XGBClassifier(**frozen["XGBoost"], n_jobs=2, random_state=seed, tree_method="hist"),
    }


def margin(model, table):
    if isinstance(model, xgboost.XGBClassifier):
        return model.predict(table, output_margin=True).astype(float)
    return model.predict(table, raw_score=True)


def main():
    frozen = json.loads((common.ROOT / "bench" / "nsl_frozen.json").read_text())
    train_path, train, train_attack, _ = common.nsl("KDDTrain+.txt")
    test_path, test, test_attack, _ = common.nsl("KDDTest+.txt")
    table, categories = common.one_hot(train)
    test_table, _ = common.one_hot(test, categories)
    group = common.groups(train)
    folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(table, train_attack, group))

    binary = common.build()
    ours = common.fit_score(
        binary, train=train_path, test=test_path, model="gradient_boosting",
        params=frozen["ours"]["params"], prepare=frozen["ours"].get("prepare"),
        runs=[{"name": f"seed {s}", "seed": s} for s in SEEDS],
    )
    scores = {"ours": [score for score, _ in ours], "LightGBM": [], "XGBoost": []}
    for seed in SEEDS:
        for name, model in peers(frozen, seed).items():
            model.fit(table, train_attack)
            scores[name].append(margin(model, test_table))
    auc = {name: np.array([common.roc_auc(s, test_attack) for s in each]) for name, each in scores.items()}
    for name, values in auc.items():
        print(f"{name:9} ROC AUC mean {values.mean():.5f}  " + " ".join(f"{v:.4f}" for v in values))
    best = max(("LightGBM", "XGBoost"), key=lambda name: auc[name].mean())
    difference = auc["ours"] - auc[best]
    # The seeds are few: a normal interval over their paired differences would be too narrow.
    from scipy import stats

    half = stats.t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / len(difference) ** 0.5
    print(
        f"ours - {best} (the better peer): {difference.mean():+.5f} "
        f"[{difference.mean() - half:+.5f}, {difference.mean() + half:+.5f}]"
    )

    held = {"ours": np.zeros(len(train)), "XGBoost": np.zeros(len(train))}
    runs = [{"name": f"fold {i}", "seed": 0, "fit": fit, "score": out} for i, (fit, out) in enumerate(folds)]
    parts = common.fit_score(
        binary, train=train_path, model="gradient_boosting",
        params=frozen["ours"]["params"], prepare=frozen["ours"].get("prepare"), runs=runs,
    )
    for (score, _), (fit, out) in zip(parts, folds):
        held["ours"][out] = score
        model = peers(frozen, 0)["XGBoost"]
        model.fit(table[fit], train_attack[fit])
        held["XGBoost"][out] = margin(model, table[out])
    rows = []
    for quantile in QUANTILES:
        line = {"asked_fpr": round(1 - quantile, 6)}
        for name in held:
            threshold = np.quantile(held[name][~train_attack], quantile)
            fpr = [float((s[~test_attack] > threshold).mean()) for s in scores[name]]
            tpr = [float((s[test_attack] > threshold).mean()) for s in scores[name]]
            accuracy = [float(((s > threshold) == test_attack).mean()) for s in scores[name]]
            line[name] = {"fpr": fpr, "tpr": tpr, "accuracy": accuracy}
        # Ours at XGBoost's realised false-positive rate, seed by seed.
        at_equal = [common.tpr_at(s, test_attack, f) for s, f in zip(scores["ours"], line["XGBoost"]["fpr"])]
        gap = np.subtract(at_equal, line["XGBoost"]["tpr"])
        half = stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / len(gap) ** 0.5
        for name in held:
            each = {key: np.mean(line[name][key]) for key in ("fpr", "tpr", "accuracy")}
            print(
                f"asked FPR {line['asked_fpr']:.3f}  {name:8} realised FPR {each['fpr']:.4f}  "
                f"TPR {each['tpr']:.4f}  accuracy {each['accuracy']:.4f}"
            )
        print(
            f"  TPR at XGBoost's realised FPR: ours {np.mean(at_equal):.4f}, "
            f"difference {gap.mean():+.4f} [{gap.mean() - half:+.4f}, {gap.mean() + half:+.4f}]"
        )
        rows.append({"asked_fpr": line["asked_fpr"], "tpr_gap_at_equal_fpr": round(float(gap.mean()), 5)})
    common.log_opening(
        "bench/quality_nsl.py", "KDDTest+.txt", frozen,
        {
            "roc_auc": {name: [round(float(v), 5) for v in values] for name, values in auc.items()},
            "thresholds": rows,
        },
    )


if __name__ == "__main__":
    main()
