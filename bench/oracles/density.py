"""Expected scores of densities, from PyOD, scikit-learn and numpy.

    python bench/oracles/density.py crates/models/tests/data/density.json

PyOD 3.6.7, scikit-learn 1.9.1, numpy, seed 0.
"""

import json
import sys

import numpy as np
import sklearn
from pyod import version
from pyod.models import pca as pyod_pca
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

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
    entry = {"card": card, "params": {k: v for k, v in params.items() if v is not None}, "columns": names, "fitted": list(fitted)}
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


def components(values, fresh):
    """PyOD's PCA; the other two scores from scikit-learn's."""
    varied = [name for name in NAMES if name != "constant"]
    values = np.delete(values, NAMES.index("constant"), axis=1)
    fresh = np.delete(fresh, NAMES.index("constant"), axis=1)
    for given in (
        {"n_components": None},
        {"n_components": 3, "n_selected_components": 2},
        {"n_components": 0.8, "weighted": False},
        {"n_components": None, "standardization": False},
    ):
        model = pyod_pca.PCA(**given).fit(values)
        params = {"score": "distance", **given, "n_components": float(given["n_components"] or 0)}
        scores = model.decision_scores_, model.decision_function(fresh)
        yield case("pca", params, *scores, names=varied)
    for standardize in (True, False):
        scaler = StandardScaler(with_std=standardize).fit(values)
        rows = [scaler.transform(x) for x in (values, fresh)]
        for share in (0.9, 2.0):
            model = PCA(n_components=share if share < 1 else int(share)).fit(rows[0])
            params = {"n_components": share, "standardization": standardize}
            left = (((x - model.inverse_transform(model.transform(x))) ** 2).sum(axis=1) for x in rows)
            yield case("pca", params, *left, names=varied)
            # PCA divides variances by n - 1, we by n.
            variances = model.explained_variance_ * (len(values) - 1) / len(values)
            squares = ((model.transform(x) ** 2 / variances).sum(axis=1) for x in rows)
            yield case("pca", {"score": "mahalanobis", **params}, *squares, names=varied)


def found_groups(values, size):
    """Pairs from the most correlated down, groups joined while they stay small enough."""
    with np.errstate(invalid="ignore"):
        correlation = np.abs(np.corrcoef(values.T))
    groups = [{j} for j in range(values.shape[1])]
    pairs = [(i, j) for j in range(values.shape[1]) for i in range(j) if correlation[i, j] > 0.1]
    for i, j in sorted(pairs, key=lambda pair: -correlation[pair]):
        one = next(g for g in groups if i in g)
        other = next(g for g in groups if j in g)
        if one is not other and len(one) + len(other) <= size:
            groups.remove(other)
            one |= other
    return [sorted(g) for g in groups]


def gaussians(values, fresh):
    """PaDiM's equations 1 and 2 over groups of standardised columns."""
    scaler = StandardScaler().fit(values)
    rows = [scaler.transform(x) for x in (values, fresh)]
    named = [[0, 6], [1, 2, 4], [3], [5]]
    text = "both, normal; skewed,counts , bimodal"
    for params, groups in (
        ({"groups": text}, named),
        ({"groups": text, "combine": "max", "epsilon": 0.1}, named),
        ({"group_size": 3}, found_groups(values, 3)),
        ({"group_size": 2, "combine": "max"}, found_groups(values, 2)),
        ({"group_size": 7, "shrinkage": "ledoit_wolf"}, found_groups(values, 7)),
    ):
        squares = [[], []]
        for group in groups:
            part = rows[0][:, group]
            if params.get("shrinkage") == "ledoit_wolf":
                covariance = LedoitWolf(assume_centered=True).fit(part).covariance_
            else:
                covariance = np.atleast_2d(np.cov(part, rowvar=False))
                covariance = covariance + params.get("epsilon", 0.01) * np.eye(len(group))
            if not covariance.any():
                # A column that never varied counts in its own unit.
                covariance = np.eye(1)
            inverse = np.linalg.inv(covariance)
            for out, x in zip(squares, rows):
                out.append(np.einsum("ni,ij,nj->n", x[:, group], inverse, x[:, group]))
        combine = np.max if params.get("combine") == "max" else np.mean
        yield case("padim", params, *(np.sqrt(combine(s, axis=0)) for s in squares))


def mixtures(values, fresh):
    """Both run until nothing changes; the clouds are so far apart that any start finds them."""
    names = ["bimodal", "normal", "both"]
    places = [NAMES.index(name) for name in names]
    values, fresh = values[:, places], fresh[:, places]
    for given in (
        {"n_components": 1, "reg_covar": 0.0},
        {"n_components": 2, "covariance_type": "full", "reg_covar": 0.1},
        {"n_components": 2, "covariance_type": "tied", "reg_covar": 1e-6},
        {"n_components": 2, "covariance_type": "diag", "reg_covar": 0.01},
    ):
        given = {**given, "max_iter": 200, "tol": 0.0}
        model = GaussianMixture(**given, random_state=0).fit(values)
        again = GaussianMixture(**given, random_state=1).fit(values)
        scores = [-model.score_samples(x) for x in (values, fresh)]
        assert np.allclose(scores[0], -again.score_samples(values), rtol=1e-9)
        yield case("gaussian_mixture", given, *scores, names=names)


def running(values, fresh):
    """Rows learnt in batches; then further ones are learnt, and others scored."""
    more = fresh[20:]
    names = ["normal", "skewed", "counts", "bimodal", "left", "both"]
    places = [NAMES.index(name) for name in names]
    values, more, fresh = values[:, places], more[:, places], fresh[:20, places]

    def entry(card, params, score):
        return case(card, params, score(values), score(fresh), names)

    for components, batch in ((2, 50), (3, 7), (5, 240)):
        model = IncrementalPCA(n_components=components, batch_size=batch).fit(values)
        params = {"n_components": components, "batch_size": batch}
        score = lambda x: ((x - model.inverse_transform(model.transform(x))) ** 2).sum(axis=1)
        before = entry("incremental_pca", params, score)
        for start in range(0, len(more), batch):
            model.partial_fit(more[start : start + batch])
        yield {**before, "later": list(score(fresh))}
    for params in (
        {},
        {"decay": 0.98},
        {"covariance": "diag", "decay": 0.95},
        {"window": 30},
        {"window": 100, "covariance": "diag"},
    ):
        entries = []
        for rows in (values, np.vstack([values, more])):
            rows = rows[-params["window"] :] if "window" in params else rows
            weights = params.get("decay", 1.0) ** np.arange(len(rows))[::-1]
            mean = np.average(rows, axis=0, weights=weights)
            covariance = np.cov(rows.T, aweights=weights, ddof=0)
            if params.get("covariance") == "diag":
                covariance = np.diag(np.diag(covariance))
            inverse = np.linalg.inv(covariance)
            score = lambda x: np.einsum("ni,ij,nj->n", x - mean, inverse, x - mean)
            entries.append(entry("running_gaussian", params, score))
        yield {**entries[0], "later": entries[1]["fresh"]}


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
    cases += components(values, fresh)
    cases += gaussians(values, fresh)
    cases += mixtures(values, fresh)
    cases += running(values, fresh)
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
