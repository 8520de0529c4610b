"""Time of exact TreeSHAP for 300 trees of 31 leaves, two threads: ours against the `shap` package.

    TRIPLINE_DATA=… python bench/shap_speed.py [--rounds 3] [--rows 2000]

LightGBM 4.7 trains on the 42 columns of the UNSW-NB15 82,332-row file; `shap.TreeExplainer` 0.51
explains rows of it by the path-dependent method on two threads, ours the same rows of the same model.
The two take turns; medians over the rounds. Values are equal to 1e-6 of each row's largest, or the
script fails.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import shap  # noqa: E402

import common  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000)
    args = parser.parse_args()
    _, features, attack, _ = common.unsw()
    binary = common.build()
    for column in features:
        if features[column].dtype.kind not in "if":
            features[column] = features[column].astype("category").cat.codes
    table = np.ascontiguousarray(features.to_numpy(float))
    params = dict(objective="binary", num_leaves=31, learning_rate=0.1, num_threads=2, verbose=-1, seed=0)
    booster = lightgbm.train(params, lightgbm.Dataset(table, attack, params={"verbose": -1}), 300)
    chosen = np.random.default_rng(0).permutation(len(table))[: args.rows]
    sample = np.ascontiguousarray(table[chosen])
    times, alone = {"shap": [], "ours": []}, []
    with tempfile.TemporaryDirectory() as folder:
        model, rows, out = (Path(folder) / file for file in ("model.txt", "rows.f64", "values.f64"))
        booster.save_model(model)
        np.ascontiguousarray(sample.T).tofile(rows)
        explainer = shap.TreeExplainer(lightgbm.Booster(model_file=model))
        for _ in range(args.rounds):
            start = time.perf_counter()
            theirs = explainer.shap_values(sample)
            times["shap"].append(time.perf_counter() - start)
            done = subprocess.run(
                [binary, "shap", model, rows, "--threads", "2", "--out", out],
                check=True, capture_output=True, text=True,
            )
            seen = json.loads(done.stdout)
            times["ours"].append(seen["seconds"])
            alone.append(seen["row_seconds"])
        ours = np.fromfile(out).reshape(sample.shape)
    error = (np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)).max()
    assert error < 1e-6, error
    peer, own = np.median(times["shap"]) / len(sample), np.median(times["ours"]) / len(sample)
    print(
        f"TreeSHAP 300 x 31: shap {peer * 1e3:.3f} ms/row, ours {own * 1e3:.4f} ms/row, "
        f"ratio {peer / own:.1f}; ours a row by itself, one thread: {np.median(alone) * 1e3:.4f} ms; largest difference {error:.1e} of a row's largest"
    )


if __name__ == "__main__":
    main()
