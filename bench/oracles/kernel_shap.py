"""Expected KernelSHAP values from shap 0.51.0.

    venv/bin/python bench/oracles/kernel_shap.py crates/models/tests/data/kernel_shap.json

Seed 0. What is explained is a function of the columns that the test knows by its formula. Values of
trees come from bench/oracles/imports.py, those of linear models from bench/oracles/linear.py.
"""

import json
import sys

import numpy as np
import shap

rng = np.random.default_rng(0)


def formula(x):
    """2 x0 + x1 x2 - x3^2 + max(x4, x5) + 0.1 sum of the rest."""
    rest = 0.1 * x[:, 6:].sum(axis=1)
    return 2 * x[:, 0] + x[:, 1] * x[:, 2] - x[:, 3] ** 2 + np.maximum(x[:, 4], x[:, 5]) + rest


def kernel(width, rows, depth, samples):
    background = np.round(rng.normal(size=(depth, width)), 6)
    x = np.round(rng.normal(size=(rows, width)), 6)
    # A cell that equals the whole background: its column does not vary.
    background[:, 0] = x[0, 0]
    explainer = shap.KernelExplainer(formula, background)
    values = explainer.shap_values(x, nsamples=samples, l1_reg=False, silent=True)
    return {
        "background": background.tolist(),
        "rows": x.tolist(),
        "base": float(explainer.expected_value),
        "values": values.tolist(),
    }


if __name__ == "__main__":
    expected = {
        "enumerated": kernel(8, 4, 10, 2**8),
        # All 2^13 coalitions, against which draws are judged by their own standard error.
        "many": kernel(13, 3, 5, 2**13),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(expected, file, separators=(",", ":"))
