"""Expected values of the feature steps, from scikit-learn 1.9.1 (numpy 2, seed 0).

usage: features.py OUTPUT.json
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.metrics import mutual_info_score
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

assert sklearn.__version__ == "1.9.1", sklearn.__version__
rng = np.random.default_rng(0)
TRAIN, TEST = 1200, 60

NAMES = ["normal", "bytes", "flags", "tiny", "constant"]


def numbers(n):
    columns = np.column_stack(
        [
            rng.normal(5, 3, n),
            np.round(rng.lognormal(6, 2, n)),
            rng.integers(0, 4, n).astype(float),
            rng.normal(1e6, 1e-3, n),
            np.full(n, 0.1),
        ]
    )
    columns[rng.random(n) < 0.1, 1] = np.nan
    columns[rng.random(n) < 0.05, 2] = np.nan
    return np.round(columns, 6)


def words(n, values, weights):
    return rng.choice(values, n, p=weights)


PROTO = (["arp", "icmp", "ospf", "tcp", "udp"], [0.02, 0.05, 0.005, 0.6, 0.325])
train, test = numbers(TRAIN), numbers(TEST)
train_words = words(TRAIN, *PROTO)
test_words = words(TEST, *PROTO)
test_words[:3] = "gre"  # Not in training.


def table(x):
    return [[None if np.isnan(v) else float(v) for v in column] for column in x.T]


cases = {}


def case(recipe, transformer, fit, apply):
    transformer.fit(fit)
    out = transformer.transform(apply)
    out = out.toarray() if hasattr(out, "toarray") else out
    cases[recipe] = table(np.asarray(out, dtype=float))


case("impute=mean", SimpleImputer(strategy="mean"), train, test)
case("impute=median:indicator", SimpleImputer(strategy="median", add_indicator=True), train, test)
case("impute=most_frequent", SimpleImputer(strategy="most_frequent"), train, test)
case("impute=constant:-1", SimpleImputer(strategy="constant", fill_value=-1), train, test)
case("scale=standard", StandardScaler(), train, test)
case("scale=min_max", MinMaxScaler(), train, test)
case("scale=robust", RobustScaler(), train, test)
quantile = dict(n_quantiles=1000, subsample=None, random_state=0)
case("scale=quantile", QuantileTransformer(**quantile), train, test)
case("scale=quantile:normal", QuantileTransformer(output_distribution="normal", **quantile), train, test)
case("select=variance:0.5", VarianceThreshold(0.5), train, test)
case("select=variance:0", VarianceThreshold(0), train, test)

column, column_test = train_words.reshape(-1, 1), test_words.reshape(-1, 1)
case("encode=one_hot", OneHotEncoder(handle_unknown="infrequent_if_exist"), column, column_test)
case(
    "encode=one_hot:3",
    OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=3),
    column,
    column_test,
)
case(
    "encode=one_hot:255:30",
    OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=30),
    column,
    column_test,
)
case(
    "encode=ordinal",
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    column,
    column_test,
)

# Mutual information: classes that depend on the columns, numbers cut at 63 quantiles.
attack = (np.nan_to_num(train[:, 1], nan=0) > 1500).astype(int)
attack[rng.random(TRAIN) < 0.2] = 1
attack = np.where(train_words == "icmp", 2, attack)


def bins(x):
    edges = np.unique(np.quantile(x[~np.isnan(x)], np.arange(1, 64) / 64))
    return np.where(np.isnan(x), len(edges) + 1, np.searchsorted(edges, x, side="left"))


information = [mutual_info_score(bins(train[:, j]), attack) for j in range(train.shape[1])]
information.append(mutual_info_score(train_words, attack))

json.dump(
    {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "seed": 0},
        "names": NAMES,
        "train": table(train),
        "test": table(test),
        "train_words": train_words.tolist(),
        "test_words": test_words.tolist(),
        "cases": cases,
        "classes": attack.tolist(),
        "mutual_information": [float(v) for v in information],
    },
    open(sys.argv[1], "w"),
)
