"""Intervals of the difference of two shares, by statsmodels.

    venv/bin/pip install statsmodels==0.15.0
    venv/bin/python bench/oracles/difference.py

Prints the lines of the table in crates/assess/src/bootstrap/newcombe.rs.
"""

from statsmodels.stats.proportion import confint_proportions_2indep

CASES = [(56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20),
         (10, 10, 0, 20), (120, 10_000, 95, 1_000_000)]

for hits, whole, others, total in CASES:
    low, high = confint_proportions_2indep(
        hits, whole, others, total, method="newcomb", compare="diff", alpha=0.05)
    print(f"(({hits}.0, {whole}.0), ({others}.0, {total}.0), {float(low)}, {float(high)}),")
