"""Expected values for the tests of tree training.

    python bench/oracles/trees.py crates/models/tests/data/trees.json

LightGBM 4.7.0 and scikit-learn 1.9.1, seed 0. The rows are not stored: `Stream` and `rows` stand in
the test too, and use only operations that are exact in both languages.
"""

import json
import sys

import lightgbm
import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesClassifier, IsolationForest, RandomForestClassifier
from sklearn.metrics import roc_auc_score


class Stream:
    """Knuth's MMIX linear congruential generator, upper 32 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 32) * bound >> 32


def rows(seed, count):
    """Six columns of small whole numbers, the last a category of 8; attack or not, with noise."""
    stream = Stream(seed)
    table, attack = [], []
    for _ in range(count):
        row = [1 + stream.below(60) for _ in range(5)] + [stream.below(8)]
        risk = 0
        risk += 3 if row[0] > 40 else 0
        risk += 2 if row[1] + row[2] > 75 else 0
        risk += 2 if row[5] in (1, 4, 6) else 0
        risk -= 2 if row[3] * row[4] < 400 else 0
        # Noise: the sum of three uniform draws.
        risk += stream.below(3) + stream.below(3) + stream.below(3) - 3
        table.append(row)
        attack.append(risk > 2)
    return np.array(table, float), np.array(attack)


def with_missing(table):
    """Every row whose second value is above 50 lacks it."""
    table = table.copy()
    table[table[:, 1] > 50, 1] = np.nan
    return table


def moved_out(table):
    """Each row is as far from the others as its number says, so that their order is no chance."""
    table = table.copy()
    table[:, :5] += 8 * (np.arange(len(table)) % 7)[:, None]
    return table


def one_hot(table):
    return np.hstack([table[:, :5], np.eye(8)[table[:, 5].astype(int)]])


def boosted(table, attack, trees, categorical, **params):
    """Raw scores of the training rows."""
    params = {
        "objective": "binary", "num_leaves": 8, "min_data_in_leaf": 5, "learning_rate": 0.3,
        "verbose": -1, "num_threads": 1, "seed": 0, "deterministic": True, **params,
    }
    data = lightgbm.Dataset(table, attack, categorical_feature=categorical, params=params)
    return lightgbm.train(params, data, trees).predict(table, raw_score=True).tolist()


def main():
    small, truth = rows(1, 400)
    out = {
        "versions": {"lightgbm": lightgbm.__version__, "scikit-learn": sklearn.__version__},
        "boosted": {
            "numeric": boosted(small[:, :5], truth, 1, []),
            # From the second tree on LightGBM guesses counts of rows from hessians: no least count.
            "numeric_10": boosted(
                small[:, :5], truth, 10, [], min_data_in_leaf=1, min_sum_hessian_in_leaf=2.0
            ),
            "penalties": boosted(small[:, :5], truth, 1, [], lambda_l1=2.0, lambda_l2=3.0),
            "missing": boosted(with_missing(small)[:, :5], truth, 1, []),
            "category": boosted(small, truth, 1, [5], min_data_per_group=10, cat_smooth=2.0),
            "depth": boosted(small[:, :5], truth, 1, [], max_depth=2, num_leaves=31),
        },
    }
    train, known = rows(2, 6000)
    test, asked = rows(3, 6000)
    model = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=15, random_state=0, verbose=-1)
    model.fit(train, known, categorical_feature=[5])
    out["auc"] = {"gradient_boosting": roc_auc_score(asked, model.predict(test, raw_score=True))}
    for name, maker in (("random_forest", RandomForestClassifier), ("extra_trees", ExtraTreesClassifier)):
        model = maker(200, min_samples_leaf=3, random_state=0, n_jobs=2).fit(one_hot(train), known)
        out["auc"][name] = roc_auc_score(asked, model.predict_proba(one_hot(test))[:, 1])
    model = IsolationForest(n_estimators=1000, random_state=0).fit(one_hot(train))
    scores = -model.score_samples(one_hot(moved_out(test[:500])))
    out["isolation"] = [round(score, 6) for score in scores.tolist()]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(out, file)


if __name__ == "__main__":
    main()
