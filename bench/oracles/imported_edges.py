"""Writes two small LightGBM models that leave something open, as test data of the command line:
one without names of columns, one that tells classes apart.

usage: imported_edges.py FOLDER   (crates/tripline/tests/data; LightGBM 4.7.0, seed 0)
"""

import sys

import lightgbm
import numpy

folder = sys.argv[1]
values = numpy.arange(60.0).reshape(-1, 1) % 3
shared = dict(num_leaves=3, min_data_in_leaf=1, verbose=-1, seed=0, num_threads=1)


def write(name, labels, **settings):
    data = lightgbm.Dataset(values, labels.astype(int))
    lightgbm.train({**shared, **settings}, data, 1).save_model(f"{folder}/{name}")


write("unnamed_lightgbm.txt", values[:, 0] > 0, objective="binary")
write("classes_lightgbm.txt", values[:, 0], objective="multiclass", num_class=3)
