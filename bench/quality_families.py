"""UNSW-NB15, 82,332-row file, each attack family left out of training: ours against LightGBM.

    TRIPLINE_DATA=… python bench/quality_families.py [--seeds 5] [--param name=value …]

For each seed 30 % of the benign duplicate groups are held out. For each family the model is fitted
on all other families with the other benign rows, without any row that equals a test row, then
scores the family with the benign rows held out. Printed: TPR at FPR 2 %, boosting alone on both
sides, with the paired difference over families and seeds.
"""

import argparse

import lightgbm
import numpy as np

import common

FAMILIES = ["Fuzzers", "Generic", "Shellcode", "Reconnaissance", "Exploits"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--param", action="append", default=[], help="name=value, of ours")
    args = parser.parse_args()

    path, features, attack, family = common.unsw()
    group = common.groups(features)
    table, _ = common.one_hot(features)
    runs = []
    for seed in range(args.seeds):
        rng = np.random.default_rng(seed)
        benign_groups = np.unique(group[~attack])
        held = rng.choice(benign_groups, round(0.3 * len(benign_groups)), replace=False)
        held_out = ~attack & np.isin(group, held)
        for name in FAMILIES:
            test = held_out | (family == name)
            fit = ~test & ~np.isin(group, group[test])
            runs.append(
                {"name": name, "seed": seed, "fit": np.flatnonzero(fit), "score": np.flatnonzero(test)}
            )
    peer = []
    for run in runs:
        model = lightgbm.LGBMClassifier(
            n_estimators=300, num_leaves=31, n_jobs=2, random_state=run["seed"], verbose=-1
        )
        model.fit(table[run["fit"]], attack[run["fit"]])
        peer.append(model.predict(table[run["score"]], raw_score=True))
    params = dict(text.split("=", 1) for text in args.param)
    ours = common.fit_score(
        common.build(), train=path, runs=runs, model="gradient_boosting", params=params
    )

    rate = {"ours": [], "LightGBM": []}
    for run, (score, _), other in zip(runs, ours, peer):
        truth = attack[run["score"]]
        rate["ours"].append(common.tpr_at(score, truth, 0.02))
        rate["LightGBM"].append(common.tpr_at(other, truth, 0.02))
    for side, values in rate.items():
        by_family = np.array(values).reshape(args.seeds, len(FAMILIES))
        each = "  ".join(f"{n} {v:.3f}" for n, v in zip(FAMILIES, by_family.mean(axis=0)))
        print(f"{side:9} mean {by_family.mean():.4f}  {each}")
    difference = np.subtract(rate["ours"], rate["LightGBM"]).reshape(args.seeds, -1).mean(axis=1)
    print(f"ours - LightGBM by seed: {' '.join(f'{d:+.4f}' for d in difference)}")
    print(f"  mean {difference.mean():+.4f}, standard error {difference.std(ddof=1) / len(difference) ** 0.5:.4f}")


if __name__ == "__main__":
    main()
