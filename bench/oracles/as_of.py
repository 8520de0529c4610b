"""Feature rows as they were known at points in time, from pandas.

    python bench/oracles/as_of.py crates/store/tests/data/as_of.json

pandas 3.1.1, numpy, seed 0. Times repeat between entities, points often hit the time of a row or the
end of the tolerance.
"""

import json
import sys

import numpy as np
import pandas as pd

TOLERANCE = 250


def main(target):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "entity": [f"10.0.0.{n}" for n in rng.integers(0, 40, size=1200)],
            "at": rng.integers(-2000, 20000, size=1200),
            "value": np.round(rng.normal(size=1200), 4),
        }
    ).drop_duplicates(["entity", "at"])
    near = rows.sample(1200, replace=True, random_state=0)
    points = pd.concat(
        [
            pd.DataFrame(
                {
                    "entity": near["entity"].to_numpy(),
                    "at": near["at"].to_numpy()
                    + rng.choice([-1, 0, 1, TOLERANCE, TOLERANCE + 1], size=1200),
                }
            ),
            pd.DataFrame(
                {
                    # Some entities have no row at all.
                    "entity": [f"10.0.0.{n}" for n in rng.integers(0, 45, size=1000)],
                    "at": rng.integers(-3000, 21000, size=1000),
                }
            ),
        ],
        ignore_index=True,
    )
    shuffled = rows.sample(frac=1, random_state=1)

    def seen(tolerance):
        right = rows.sort_values("at", kind="stable").assign(seen=lambda frame: frame["at"])
        left = points.assign(place=points.index).sort_values("at", kind="stable")
        merged = pd.merge_asof(left, right, on="at", by="entity", tolerance=tolerance)
        merged = merged.sort_values("place")
        return [
            None if pd.isna(value) else [int(at), float(value)]
            for at, value in zip(merged["seen"], merged["value"])
        ]

    result = {
        "rows": [[e, int(a), float(v)] for e, a, v in shuffled.itertuples(index=False)],
        "points": [[e, int(a)] for e, a in points.itertuples(index=False)],
        "tolerance": TOLERANCE,
        "unbounded": seen(None),
        "within_tolerance": seen(TOLERANCE),
    }
    with open(target, "w") as out:
        json.dump(result, out, separators=(",", ":"))
        out.write("\n")


main(sys.argv[1])
