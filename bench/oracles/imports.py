"""Models with the raw scores that their own programs give, for the tests of imports.

Writes into a folder, for each model: the model file, and a JSON file with rows (null is NaN; text is
a category), the raw outputs of each row, SHAP values and interaction values where they are told.

    python bench/oracles/imports.py crates/models/tests/data/imports

Versions with which the files in the repository were made: lightgbm 4.7.0, xgboost 3.2.0, shap 0.51.0,
numpy and pandas of the same day. Data are synthetic; every seed is 0.
"""

import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

SEED = 0
ROWS = 3000
CHECKED = 60


def data():
    """Numbers with zeros, missing values, ties; two category columns; a class of three."""
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(
        {
            "bytes": np.round(rng.lognormal(5, 2, ROWS), 2),
            "rate": np.where(rng.random(ROWS) < 0.3, 0.0, rng.normal(size=ROWS)),
            "ttl": rng.choice([31.0, 62.0, 254.0, 255.0], ROWS),
            "delay": np.where(rng.random(ROWS) < 0.2, np.nan, rng.exponential(1, ROWS)),
            "service": rng.choice(["-", "dns", "http", "ssh", "ftp", "smtp"], ROWS),
            "state": rng.choice(["CON", "FIN", "INT"], ROWS),
        }
    )
    weight = frame.service.map({"-": 0, "dns": -1, "http": 1, "ssh": 0.5, "ftp": 2, "smtp": -2})
    margin = (
        0.4 * np.log1p(frame.bytes)
        - 2
        + frame.rate * (frame.ttl > 100)
        + weight
        + np.where(frame.delay.isna(), 1.5, -frame.delay)
        + rng.logistic(size=ROWS)
    )
    binary = (margin > 0).astype(int).to_numpy()
    three = np.digitize(margin, [0, 2])
    for name in ("service", "state"):
        frame[name] = frame[name].astype("category")
    return frame, binary, three


def checked(frame):
    """Some rows of the data, then rows made awkward: missing, infinite, zeros of both signs, unseen."""
    rows = frame.iloc[:CHECKED].copy()
    numbers = [name for name in frame if frame[name].dtype == float]
    for i, value in enumerate([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e300]):
        rows.iloc[i, [frame.columns.get_loc(name) for name in numbers]] = value
    for i in (8, 9):
        rows.iloc[i, frame.columns.get_loc("service")] = np.nan
        rows.iloc[i, frame.columns.get_loc("state")] = np.nan
    return rows


def cells(rows):
    """Rows for JSON: finite numbers as such, others as text that says which."""
    out = []
    for row in rows.itertuples(index=False):
        line = []
        for value in row:
            if isinstance(value, str):
                line.append(value)
            elif isinstance(value, float) and not np.isfinite(value):
                line.append(None if np.isnan(value) else {"number": str(value)})
            else:
                line.append(float(value))
        out.append(line)
    return out


def write(folder, name, rows, raw, **more):
    raw = np.asarray(raw, dtype=float).reshape(len(rows), -1)
    content = {"columns": list(rows.columns), "rows": cells(rows), "raw": raw.tolist()}
    content.update({key: np.asarray(value, float).tolist() for key, value in more.items()})
    (folder / f"{name}.json").write_text(json.dumps(content) + "\n")


def lightgbm_models(folder, frame, binary, three):
    rows = checked(frame)
    numeric = frame.assign(**{c: frame[c].cat.codes.astype(float) for c in ("service", "state")})
    plain = rows.assign(**{c: rows[c].cat.codes.astype(float).where(rows[c].notna()) for c in ("service", "state")})
    base = dict(verbose=-1, num_threads=1, seed=SEED, deterministic=True, min_data_in_leaf=5)
    cat = dict(min_data_per_group=5, cat_smooth=1.0)

    def fit(name, params, table, target, trees, check, **kwargs):
        booster = lgb.train({**base, **params}, lgb.Dataset(table, target, **kwargs), trees)
        text = booster.model_to_string()
        (folder / f"{name}.txt").write_text(text)
        raw = booster.predict(check, raw_score=True)
        more = {"shap": booster.predict(check, pred_contrib=True)}
        if params.get("boosting") == "rf":
            # `raw_score` is the sum over trees there; the probability is that of the mean.
            more["probability"] = booster.predict(check)
        write(folder, name, check, raw, **more)

    fit("lightgbm_binary", dict(objective="binary", num_leaves=15, **cat), frame, binary, 20, rows)
    fit("lightgbm_multiclass", dict(objective="multiclass", num_class=3, num_leaves=6, **cat), frame, three, 8, rows)
    fit("lightgbm_no_missing", dict(objective="binary", num_leaves=8, use_missing=False), numeric.fillna(0.0), binary, 10, plain)
    fit("lightgbm_zero_missing", dict(objective="binary", num_leaves=8, zero_as_missing=True), numeric, binary, 10, plain)
    fit(
        "lightgbm_codes",
        dict(objective="binary", num_leaves=8, sigmoid=0.5, **cat),
        numeric,
        binary,
        10,
        plain,
        categorical_feature=["service", "state"],
    )
    fit(
        "lightgbm_forest",
        dict(objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.6, num_leaves=12),
        numeric,
        binary,
        8,
        plain,
    )
    fit("lightgbm_regression", dict(objective="regression", num_leaves=6), numeric, numeric["ttl"], 5, plain)


def xgboost_models(folder, frame, binary, three):
    rows = checked(frame)
    numeric = frame.assign(**{c: frame[c].cat.codes.astype(float) for c in ("service", "state")})
    plain = rows.assign(**{c: rows[c].cat.codes.astype(float).where(rows[c].notna()) for c in ("service", "state")})
    base = dict(nthread=1, seed=SEED, tree_method="hist", max_depth=4)

    def fit(name, params, table, target, trees, check, ubj=False):
        # XGBoost takes no infinity; the awkward rows lose theirs.
        check = check.replace([np.inf, -np.inf], [3e38, -3e38]).replace(1e300, 3e38)
        booster = xgb.train({**base, **params}, xgb.DMatrix(table, target, enable_categorical=True), trees)
        (folder / f"{name}.model.json").write_bytes(bytes(booster.save_raw("json")))
        if ubj:
            (folder / f"{name}.ubj").write_bytes(bytes(booster.save_raw("ubj")))
        matrix = xgb.DMatrix(check, enable_categorical=True)
        more = {}
        if "num_class" not in params and params.get("booster") != "dart":
            more["shap"] = booster.predict(matrix, pred_contribs=True)
            more["interactions"] = booster.predict(matrix, pred_interactions=True)[:12]
        write(folder, name, check, booster.predict(matrix, output_margin=True), **more)

    fit("xgboost_binary", dict(objective="binary:logistic"), numeric, binary, 10, plain, ubj=True)
    fit("xgboost_categories", dict(objective="binary:logistic", max_cat_to_onehot=2), frame, binary, 10, rows)
    fit("xgboost_multiclass", dict(objective="multi:softprob", num_class=3, max_depth=3), numeric, three, 6, plain)
    fit(
        "xgboost_dart",
        dict(objective="binary:logistic", booster="dart", rate_drop=0.3, max_depth=3),
        numeric,
        binary,
        10,
        plain,
    )
    fit("xgboost_regression", dict(objective="reg:squarederror", max_depth=3), numeric, numeric["ttl"], 5, plain)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    frame, binary, three = data()
    lightgbm_models(folder, frame, binary, three)
    xgboost_models(folder, frame, binary, three)


main()
