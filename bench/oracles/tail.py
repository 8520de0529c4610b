"""Expected values of generalised Pareto tails, from SciPy.

    OMP_NUM_THREADS=1 python bench/oracles/tail.py crates/models/tests/data/tail.json

numpy, scipy 1.17, seed 0. `optimum` is the largest mean log-likelihood over shapes of at least
-0.5 that `scipy.stats.genpareto.fit` and two searches of our own from several starts find.
`simulated` holds shapes with quantiles of A^2 over 4,000 fitted samples of 300, which the table of
Choulakian & Stephens (2001) is compared with.
"""

import json
import sys

import numpy as np
import scipy
from scipy.optimize import minimize
from scipy.stats import genpareto


def mean_log_likelihood(parameters, y, w):
    shape, scale = parameters
    if scale <= 0 or shape < -0.5:
        return -np.inf
    return np.sum(w * genpareto.logpdf(y, shape, scale=scale)) / w.sum()


def optimum(y, w):
    repeated = np.repeat(y, w.astype(int))
    starts = [(c, s * y.mean()) for c in (-0.45, -0.1, 0.1, 0.6, 1.5) for s in (0.2, 1.0, 3.0)]
    shape, _, scale = genpareto.fit(repeated, floc=0)
    starts.append((max(shape, -0.5), scale))
    best = None
    for start in starts:
        x = np.array(start)
        for _ in range(4):
            found = minimize(
                lambda p: min(-mean_log_likelihood(p, y, w), 1e9),
                x,
                method="Nelder-Mead",
                options={"xatol": 1e-12, "fatol": 1e-15, "maxiter": 20_000, "maxfev": 20_000},
            )
            x = found.x
        if best is None or found.fun < best.fun:
            best = found
    return best.x[0], best.x[1], -best.fun


def anderson_darling(y, shape, scale):
    """The textbook sum, for rows of equal weight."""
    z = np.sort(genpareto.cdf(y, shape, scale=scale))
    n = len(z)
    i = np.arange(1, n + 1)
    return -n - np.sum((2 * i - 1) * (np.log(z) + np.log1p(-z[::-1]))) / n


def fit_many(y):
    """Grimshaw's profile over a grid for each row of y, then Newton-free refinement."""
    t = y / y.max(axis=1, keepdims=True)
    low, high = np.full(len(t), -12.0), np.full(len(t), 8.0)

    def loss(s):
        theta = np.expm1(s)[:, None]
        shape = np.log1p(theta * t).mean(axis=1)
        return np.log(shape / theta[:, 0]) + shape + 1, shape

    grid = np.linspace(-8.0, 8.0, 33) + 1e-3
    values = np.stack([
        np.where(loss(np.full(len(t), s))[1] >= -0.5, loss(np.full(len(t), s))[0], np.inf)
        for s in grid
    ])
    at = grid[values.argmin(axis=0)]
    low, high = at - 0.5, at + 0.5
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        fa, sa = loss(a)
        fb, sb = loss(b)
        fa = np.where(sa >= -0.5, fa, np.inf)
        fb = np.where(sb >= -0.5, fb, np.inf)
        left = fa < fb
        low, high = np.where(left, low, a), np.where(left, b, high)
    s = (low + high) / 2 + 1e-13
    theta = np.expm1(s)
    shape = np.log1p(theta[:, None] * t).mean(axis=1)
    return shape, shape / theta * y.max(axis=1)


def simulated(rng, shape, rows=300, replicates=4000):
    y = genpareto.rvs(shape, size=(replicates, rows), random_state=rng)
    fitted, scale = fit_many(y)
    z = np.sort(genpareto.cdf(y, fitted[:, None], scale=scale[:, None]), axis=1)
    z = np.clip(z, 1e-300, 1 - 1e-16)
    i = np.arange(1, rows + 1)
    a2 = -rows - ((2 * i - 1) * (np.log(z) + np.log1p(-z[:, ::-1]))).sum(axis=1) / rows
    return [float(np.quantile(a2, 1 - p)) for p in (0.5, 0.25, 0.1, 0.05)]


def main(path):
    rng = np.random.default_rng(0)
    samples = [
        genpareto.rvs(-0.3, scale=2.0, size=60, random_state=rng),
        genpareto.rvs(-0.7, scale=1.0, size=80, random_state=rng),
        genpareto.rvs(0.0, scale=0.01, size=120, random_state=rng),
        genpareto.rvs(0.25, scale=5.0, size=150, random_state=rng),
        genpareto.rvs(0.9, scale=1.0, size=100, random_state=rng),
        genpareto.rvs(2.0, scale=1e6, size=100, random_state=rng),
        rng.gamma(2.0, 1.0, size=100),
        np.exp(rng.normal(size=100)),
        rng.uniform(0.0, 1.0, size=50),
    ]
    cases = []
    for y in samples:
        y = np.array([float(f"{value:.8g}") for value in np.maximum(y, 1e-9)])
        for weights in (np.ones(len(y)), rng.integers(1, 5, size=len(y)).astype(float)):
            shape, scale, likelihood = optimum(y, weights)
            case = {
                "excesses": y.tolist(),
                "weights": weights.tolist(),
                "shape": shape,
                "scale": scale,
                "optimum": likelihood,
            }
            if (weights == 1).all():
                case["a2"] = anderson_darling(y, shape, scale)
            cases.append(case)
    shapes = [-0.2, 0.0, 0.3]
    out = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "cases": cases,
        "simulated": [{"shape": s, "points": simulated(rng, s)} for s in shapes],
    }
    with open(path, "w") as file:
        json.dump(out, file, indent=None, separators=(",", ":"))
        file.write("\n")


main(sys.argv[1])
