"""Scoring time of 300 trees of 31 leaves, two threads: ours against LightGBM, the same model in both.

    TRIPLINE_DATA=… python bench/score_speed.py [--rounds 7]

LightGBM 4.7 trains on the UNSW-NB15 82,332-row file, on its 42 columns with native categories and on
190 one-hot columns; its text model is loaded on our side. Both score all rows (LightGBM through
`LGBM_BoosterPredictForMat`, without copies), then single rows (LightGBM through
`LGBM_BoosterPredictForMatSingleRowFast`, whose call from Python costs about 1 µs that is told apart).
The two take turns; medians over the rounds. Scores are equal to the last bit, or the script fails.
"""

import argparse
import ctypes
import json
import subprocess
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np

import common

LIB = lightgbm.basic._LIB
RAW, FLOAT64, SINGLE = 1, 1, 1000


def batch(booster, rows, out):
    count = ctypes.c_int64(0)
    start = time.perf_counter()
    code = LIB.LGBM_BoosterPredictForMat(
        booster._handle, rows.ctypes.data_as(ctypes.c_void_p), ctypes.c_int(FLOAT64),
        ctypes.c_int32(rows.shape[0]), ctypes.c_int32(rows.shape[1]), ctypes.c_int(1),
        ctypes.c_int(RAW), ctypes.c_int(0), ctypes.c_int(-1), b"num_threads=2",
        ctypes.byref(count), out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
    )
    assert code == 0 and count.value == len(out)
    return time.perf_counter() - start


def single(booster, rows):
    """Seconds for one row, and what of it an empty call of the same kind takes."""
    config, count, out = ctypes.c_void_p(), ctypes.c_int64(0), ctypes.c_double(0)
    code = LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle, ctypes.c_int(RAW), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(FLOAT64),
        ctypes.c_int32(rows.shape[1]), b"num_threads=1", ctypes.byref(config),
    )
    assert code == 0
    first, step = rows.ctypes.data, rows.strides[0]
    places = [ctypes.c_void_p(first + i * step) for i in range(SINGLE)]
    call, length, result = LIB.LGBM_BoosterPredictForMatSingleRowFast, ctypes.byref(count), ctypes.byref(out)
    start = time.perf_counter()
    for place in places:
        call(config, place, length, result)
    seconds = (time.perf_counter() - start) / SINGLE
    empty = LIB.LGBM_BoosterGetNumClasses
    start = time.perf_counter()
    for _ in places:
        empty(booster._handle, length)
    overhead = (time.perf_counter() - start) / SINGLE
    LIB.LGBM_FastConfigFree(config)
    return seconds, overhead


def measure(name, table, attack, categories, binary, rounds):
    params = dict(objective="binary", num_leaves=31, learning_rate=0.1, num_threads=2, verbose=-1, seed=0)
    data = lightgbm.Dataset(table, attack, categorical_feature=categories, params={"verbose": -1})
    booster = lightgbm.train(params, data, 300)
    with tempfile.TemporaryDirectory() as folder:
        model, rows, scores = (Path(folder) / file for file in ("model.txt", "rows.f64", "scores.f64"))
        booster.save_model(model)
        booster = lightgbm.Booster(model_file=model)
        np.ascontiguousarray(table.T).tofile(rows)
        out = np.zeros(len(table))
        times = {"batch": ([], []), "row": ([], [])}
        batch(booster, table, out)
        for _ in range(rounds):
            times["batch"][0].append(batch(booster, table, out))
            seconds, overhead = single(booster, table)
            times["row"][0].append(seconds - overhead)
            done = subprocess.run(
                [binary, "score", model, rows, "--threads", "2", "--out", scores],
                check=True, capture_output=True, text=True,
            )
            ours = json.loads(done.stdout)
            times["batch"][1].append(ours["batch_seconds"])
            times["row"][1].append(ours["row_seconds"])
        assert np.array_equal(np.fromfile(scores), out), "scores differ"
    peer, own = (np.median(side) for side in times["batch"])
    count = len(table)
    print(
        f"{name:24} batch: LightGBM {count / peer / 1e6:.2f} M rows/s, ours {count / own / 1e6:.2f} M rows/s, "
        f"ratio {peer / own:.1f}; scores equal"
    )
    peer, own = (np.median(side) for side in times["row"])
    print(
        f"{name:24} one row: LightGBM {peer * 1e6:.1f} µs, ours {own * 1e6:.1f} µs "
        f"(least {min(times['row'][1]) * 1e6:.1f} µs)",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    _, features, attack, _ = common.unsw()
    binary = common.build()
    texts = [column for column in features if features[column].dtype.kind not in "if"]
    coded = features.copy()
    for column in texts:
        coded[column] = coded[column].astype("category").cat.codes
    coded = np.ascontiguousarray(coded.to_numpy(float))
    places = [features.columns.get_loc(column) for column in texts]
    measure("42 columns, categories", coded, attack, places, binary, args.rounds)
    wide, _ = common.one_hot(features)
    measure(f"{wide.shape[1]} one-hot columns", np.ascontiguousarray(wide), attack, "auto", binary, args.rounds)


if __name__ == "__main__":
    main()
