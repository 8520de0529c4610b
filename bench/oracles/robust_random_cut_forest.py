"""Expected displacements (CoDisp) of rows, from rrcf.

    python bench/oracles/robust_random_cut_forest.py \
        crates/models/tests/data/robust_random_cut_forest.json

rrcf 0.4.4, seed 0. Each row is put into each of 600 trees over the same rows, then taken out.
"""

import json
import sys

import numpy as np
import rrcf

TREES = 600


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    rows = np.round(rng.normal(size=(128, 3)) * [1.0, 0.5, 2.0], 3)
    rows[100:104] = rows[0]
    others = np.vstack([rng.normal(size=(40, 3)), rng.uniform(-6, 6, size=(20, 3)), rows[:4]])
    others = np.round(others, 3)
    np.random.seed(0)
    total = np.zeros(len(others))
    for _ in range(TREES):
        tree = rrcf.RCTree(rows)
        for number, row in enumerate(others):
            tree.insert_point(row, index="new")
            total[number] += tree.codisp("new")
            tree.forget_point("new")
    oracle = {
        "rows": rows.tolist(),
        "others": others.tolist(),
        "displacements": np.round(total / TREES, 5).tolist(),
    }
    with open(sys.argv[1], "w") as out:
        json.dump(oracle, out, separators=(",", ":"))
