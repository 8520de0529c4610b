"""Expected scores of half-space trees over a stream, from River.

    python bench/oracles/half_space_trees.py crates/models/tests/data/half_space_trees.json

River 0.26.1, seed 0. River grows the trees, whose tests are written beside its scores. It scores
nothing before its first window is full, so scores begin there.
"""

import json
import random
import sys

import river
from river import anomaly


def heap(tree, height):
    """The tests of a tree, node i with children 2i and 2i + 1; node 0 stands for nothing."""
    columns, thresholds = [0] * 2**height, [0.0] * 2**height

    def walk(node, place):
        if place < 2**height:
            columns[place], thresholds[place] = int(node.feature), node.threshold
            walk(node.children[0], 2 * place)
            walk(node.children[1], 2 * place + 1)

    walk(tree, 1)
    return columns, thresholds


def case(trees, height, window):
    rng = random.Random(0)
    model = anomaly.HalfSpaceTrees(n_trees=trees, height=height, window_size=window, seed=0)
    rows, scores = [], []
    for number in range(5 * window + window // 3):
        # The middle of the stream wanders; every seventh row is anywhere.
        middle = 0.3 + 0.4 * number / (5 * window)
        spread = 0.5 if number % 7 == 0 else 0.08
        row = [round(min(1.0, max(0.0, rng.gauss(middle, spread))), 4) for _ in range(3)]
        rows.append(row)
        named = {str(j): value for j, value in enumerate(row)}
        if number >= window:
            scores.append(model.score_one(named))
        model.learn_one(named)
    tests = [heap(tree, height) for tree in model.trees]
    return {
        "trees": trees,
        "height": height,
        "window": window,
        "columns": [column for columns, _ in tests for column in columns],
        "thresholds": [threshold for _, thresholds in tests for threshold in thresholds],
        "rows": rows,
        "scores": scores,
    }


if __name__ == "__main__":
    oracle = {"river": river.__version__, "cases": [case(10, 6, 60), case(3, 8, 100), case(1, 1, 7)]}
    with open(sys.argv[1], "w") as out:
        json.dump(oracle, out, separators=(",", ":"))
