"""Expected order of interacting columns for explain::interaction_strength.

usage: interactions.py OUT.csv
Writes 400 rows of x, effect, a, b, c with the order that shap gives them in the header's comment.
shap 0.51.0, numpy seed 0.
"""
import sys

import numpy as np
import shap

rng = np.random.default_rng(0)
n = 400
x = np.round(rng.normal(size=n), 3)
a = np.round(rng.normal(size=n), 3)
b = np.round(rng.normal(size=n), 3)
c = (rng.random(n) < 0.3).astype(float)
effect = np.round(x + 0.3 * np.sign(x) * b + 0.2 * c + 0.05 * rng.normal(size=n), 4)
# Distinct x: numpy's argsort is not stable, so equal values would have no defined order.
x = x + np.arange(n) * 1e-6
X = np.column_stack([x, a, b, c])
order = shap.utils.approximate_interactions(0, np.column_stack([effect] * 4), X)
with open(sys.argv[1], "w") as out:
    names = "xabc"
    out.write("# shap " + shap.__version__ + ", seed 0, order " + "".join(names[i] for i in order) + "\n")
    out.write("x,effect,a,b,c\n")
    for row in zip(x, effect, a, b, c):
        out.write(",".join(repr(round(float(v), 7)) for v in row) + "\n")
