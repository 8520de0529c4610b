"""Expected scores of densities, from PyOD, scikit-learn and numpy.

    python bench/oracles/density.py crates/models/tests/data/density.json

PyOD 3.6.7, scikit-learn 1.9.1, numpy, seed 0.
"""

import json
import sys

import numpy as np
import sklearn
from pyod import version
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS

VERSIONS = {"PyOD": version.__version__, "scikit-learn": sklearn.__version__}
NAMES = ["normal", "skewed", "counts", "constant", "bimodal", "left", "both"]


def data(rng, rows):
    """Columns of the shapes that traffic has: skewed, tied, constant, correlated."""
    normal = rng.normal(size=rows)
    columns = [
        normal * 2 + 5,
        np.exp(rng.normal(size=rows) * 1.5),
        rng.poisson(1.2, size=rows),
        np.full(rows, 3.0),
        np.where(rng.random(rows) < 0.4, rng.normal(size=rows) - 4, rng.normal(size=rows) + 4),
        -rng.gamma(2.0, size=rows),
        normal + 0.3 * rng.normal(size=rows),
    ]
    return np.round(np.stack(columns, axis=1), 3)


def case(card, params, fitted, fresh=None, names=NAMES):
    entry = {"card": card, "params": params, "columns": names, "fitted": list(fitted)}
    if fresh is not None:
        entry["fresh"] = list(fresh)
    return entry


def histograms(values, fresh):
    for params in (
        {"n_bins": 10},
        {"n_bins": 7, "alpha": 0.5, "tol": 0.05},
        {"n_bins": 25, "alpha": 0.01, "tol": 1.0},
        {"n_bins": "auto"},
    ):
        # PyOD wants these above 0, below 1.
        given = {**params, "tol": min(params.get("tol", 0.5), 1 - 1e-12)}
        model = HBOS(**given).fit(values)
        ours = {**params, "n_bins": 0 if params["n_bins"] == "auto" else params["n_bins"]}
        yield case("hbos", ours, model.decision_scores_, model.decision_function(fresh))


def tails(values):
    yield case("ecod", {}, ECOD().fit(values).decision_scores_)
    yield case("copod", {}, COPOD().fit(values).decision_scores_)


def alone(values, fresh):
    """PyOD's score of one new row is that of the distribution with this row in it; by the
    distribution of the fitted rows alone it is what this computes from the definition."""
    rows = len(values)
    skew = np.sign(((values - values.mean(axis=0)) ** 3).mean(axis=0))
    skew[values.std(axis=0) == 0] = 0

    def tail(counts):
        return -np.log(np.where(counts == 0, 1 / (rows + 1), counts / rows))

    left = tail(np.array([(values <= row).sum(axis=0) for row in fresh]))
    right = tail(np.array([(values >= row).sum(axis=0) for row in fresh]))
    skewed = np.where(skew < 0, left, np.where(skew > 0, right, left + right))
    yield "ecod", np.maximum(np.maximum(left, right), skewed).sum(axis=1)
    yield "copod", np.maximum((left + right) / 2, skewed).sum(axis=1)


def distances(values, fresh):
    varied = [name for name in NAMES if name != "constant"]
    values = np.delete(values, NAMES.index("constant"), axis=1)
    fresh = np.delete(fresh, NAMES.index("constant"), axis=1)
    for robust in (False, True):
        if robust:
            centre = np.median(values, axis=0)
            spread = np.median(np.abs(values - centre), axis=0) * 1.482602218505602
        else:
            centre, spread = values.mean(axis=0), values.std(axis=0)
        for combine in ("max", "mean"):
            yield case(
                "z_score",
                {"robust": robust, "combine": combine},
                *(
                    # 1000 is the default limit.
                    getattr(np, combine)(np.minimum(np.abs(x - centre) / spread, 1000), axis=1)
                    for x in (values, fresh)
                ),
                names=varied,
            )


def main(path):
    rng = np.random.default_rng(0)
    values, fresh = data(rng, 240), data(rng, 40)
    fresh[::4] = np.round(fresh[::4] * 3, 3)
    fresh[0] = 1e6
    cases = list(histograms(values, fresh))
    for entry, (card, scores) in zip(tails(values), alone(values, fresh)):
        assert entry["card"] == card
        cases.append({**entry, "fresh": list(scores)})
    cases += distances(values, fresh)
    content = {
        "versions": VERSIONS,
        "names": NAMES,
        "values": values.tolist(),
        "fresh": fresh.tolist(),
        "cases": cases,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.write("\n")


main(sys.argv[1])
