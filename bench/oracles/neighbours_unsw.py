"""Expected local outlier factors of 2,000 rows of UNSW-NB15, by the definition.

    python bench/oracles/neighbours_unsw.py /data crates/models/tests/data/neighbours_unsw.json

NumPy 2, scikit-learn 1.9.1. Every 41st row, its 39 numeric columns, each divided by the power of two
below its standard deviation. Many rows are equally far from a third: scikit-learn's own algorithms
differ from each other there, so the factors come from all distances, sorted by their square, then by
the row in which the values first appear. Squares are added in eight lanes, as the crate does, so that
what is equally far is so to the last bit; roots would make equal what is not. Printed: how many rows scikit-learn has otherwise.
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.neighbors import LocalOutlierFactor

K = 20


def squares(rows):
    padded = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8))
    padded[:, : rows.shape[1]] = rows
    lanes = np.zeros((len(rows), len(rows), 8))
    for start in range(0, padded.shape[1], 8):
        part = padded[:, start : start + 8]
        lanes += (part[:, None, :] - part[None, :, :]) ** 2
    total = lanes[:, :, 0]
    for lane in range(1, 8):
        total = total + lanes[:, :, lane]
    return total


def factors(rows):
    square = squares(rows)
    far = np.sqrt(square)
    count = len(rows)
    seen = {}
    first = np.array([seen.setdefault(row.tobytes(), at) for at, row in enumerate(rows)])
    near, reach = [], np.zeros(count)
    for row in range(count):
        order = np.lexsort((np.arange(count), first, square[row]))
        near.append(order[order != row][:K])
        reach[row] = far[row, near[row][-1]]
    density = np.array(
        [1 / (np.maximum(far[row, near[row]], reach[near[row]]).mean() + 1e-10) for row in range(count)]
    )
    return np.array([density[near[row]].mean() / density[row] for row in range(count)]), reach


def main():
    data = pd.read_csv(f"{sys.argv[1]}/unsw-nb15/UNSW_NB15_82332.csv", encoding="utf-8-sig")
    names = ["id", "label", "attack_cat", "proto", "service", "state"]
    rows = data.drop(columns=names).to_numpy(float)[::41][:2000] + 0.0
    spread = rows.std(axis=0)
    rows /= 2.0 ** np.floor(np.log2(np.where(spread > 0, spread, 1)))
    scores, reach = factors(rows)
    for algorithm in ("ball_tree", "kd_tree", "brute"):
        peer = -LocalOutlierFactor(K, algorithm=algorithm).fit(rows).negative_outlier_factor_
        gap = np.abs(peer - scores) / scores
        print(algorithm, "differs on", int((gap > 1e-9).sum()), "of", len(rows), "by", gap.max())
    powers = np.floor(np.log2(np.where(spread > 0, spread, 1))).astype(int)
    out = {"powers": powers.tolist(), "lof": scores.tolist(), "knn": reach.tolist()}
    with open(sys.argv[2], "w") as file:
        json.dump(out, file)


main()
