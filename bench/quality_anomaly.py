"""NSL-KDD, KDDTrain+ to KDDTest+: the frozen anomaly model and the frozen combination.

    TRIPLINE_DATA=… python bench/quality_anomaly.py [--dry-run|--stored] [--only anomaly|fusion]

Opens the test file, so each run adds a line to bench/test_openings.jsonl. The configurations stand
in bench/nsl_anomaly_frozen.json; bench/select_anomaly.py chose them on KDDTrain+ alone. Printed for
each: ROC AUC and TPR at FPR 1 % at seeds 0 to 9, with their means, and the same of boosting alone
(bench/nsl_frozen.json) and of the isolation forest.

`--stored` opens nothing: for each opening on record that has both, what the combination is above
boosting, paired over seeds, with the 95 % interval of Student's t.

`--dry-run` opens nothing: a pseudo-test is cut from KDDTrain+, a third of the duplicate groups of
each class, with the attack names of one set of bench/select_nsl.py in the test part alone.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import t

import common
from select_anomaly import FROZEN, LOGS
from select_nsl import KINDS

SEEDS = range(10)


def configurations(only):
    frozen = json.loads(FROZEN.read_text())
    boosting = json.loads((common.ROOT / "bench" / "nsl_frozen.json").read_text())["ours"]
    out = {}
    if only != "fusion":
        out["isolation_forest"] = {"model": "isolation_forest", "prepare": LOGS, "params": {}}
        out["anomaly"] = frozen["anomaly"]
    if only != "anomaly":
        out["gradient_boosting"] = {
            "model": "gradient_boosting", "prepare": boosting.get("prepare"), "params": boosting["params"],
        }
        out["fusion"] = frozen["fusion"]
    return out


def paired_over_seeds(ours, peer):
    """Mean difference with its 95 % interval."""
    difference = np.subtract(ours, peer)
    mean, count = difference.mean(), len(difference)
    reach = t.ppf(0.975, count - 1) * difference.std(ddof=1) / count**0.5
    return mean, mean - reach, mean + reach


def print_stored():
    for line in (common.ROOT / "bench" / "test_openings.jsonl").read_text().splitlines():
        opening = json.loads(line)
        result = opening["result"]
        if {"fusion", "gradient_boosting"} <= result.keys():
            for metric, ours in result["fusion"].items():
                mean, low, high = paired_over_seeds(ours, result["gradient_boosting"][metric])
                print(f"{opening['commit']} {metric:16} fusion - boosting {mean:+.4f} [{low:+.4f}, {high:+.4f}]")


def pseudo_test(folder):
    """KDDTrain+ cut in two: files of rows as they stand, without a look at the test file."""
    path, rows, attack, name = common.nsl("KDDTrain+.txt")
    group = common.groups(rows)
    rng = np.random.default_rng(0)
    away = [one for names in KINDS.values() for one in rng.permutation(names)[: max(1, len(names) // 3)]]
    test = np.isin(group, rng.permutation(np.unique(group))[: group.max() // 3]) | np.isin(name, away)
    lines = np.array(path.read_text().splitlines())
    parts = []
    for part, which in (("train", ~test), ("test", test)):
        parts.append(Path(folder) / f"{part}.txt")
        parts[-1].write_text("\n".join(lines[which]) + "\n")
    return *parts, attack[~test], attack[test]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--stored", action="store_true")
    parser.add_argument("--only", choices=["anomaly", "fusion"])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if args.stored:
        print_stored()
        return

    chosen = configurations(args.only)
    binary = common.build()
    with tempfile.TemporaryDirectory() as folder:
        if args.dry_run:
            train_path, test_path, train_attack, attack = pseudo_test(folder)
        else:
            train_path, _, train_attack, _ = common.nsl("KDDTrain+.txt")
            test_path, _, attack, _ = common.nsl("KDDTest+.txt")
        result = {}
        for what, one in chosen.items():
            # Anomaly models, those within an ensemble too, are given the normals alone.
            rows = {} if what in ("gradient_boosting", "fusion") else {"fit": np.flatnonzero(~train_attack)}
            done = common.fit_score(
                binary, train=train_path, test=test_path, model=one["model"], params=one["params"],
                prepare=one["prepare"], threads=args.threads,
                runs=[{"name": f"seed {seed}", "seed": seed, **rows} for seed in range(args.seeds)],
            )
            auc = [common.roc_auc(score, attack) for score, _ in done]
            tpr = [common.tpr_at(score, attack, 0.01) for score, _ in done]
            print(
                f"{what:17} ROC AUC mean {np.mean(auc):.5f}  TPR at FPR 1e-2 mean {np.mean(tpr):.4f}  "
                f"fit {np.mean([seconds for _, seconds in done]):.1f} s  "
                + " ".join(f"{a:.4f}/{t:.3f}" for a, t in zip(auc, tpr)),
                flush=True,
            )
            result[what] = {
                "roc_auc": [round(float(v), 5) for v in auc],
                "tpr_at_fpr_1e-2": [round(float(v), 5) for v in tpr],
            }
    if not args.dry_run:
        common.log_opening("bench/quality_anomaly.py", "KDDTest+.txt", chosen, result)


if __name__ == "__main__":
    main()
