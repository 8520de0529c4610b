"""Search of hyperparameters, ours against Optuna 5.0.0: best value after the same number of trials.

    python bench/tune_quality.py functions [--seeds 20] [--trials 60]
    TRIPLINE_DATA=… python bench/tune_quality.py unsw [--seeds 5] [--trials 60]

`functions`: Branin, Hartmann 6 and one of numbers, whole numbers, logarithms and a choice, each with
the default sampler of either and evenly drawn points; one line for each with medians and the
p-value of a two-sided Wilcoxon signed-rank test over seeds.

`unsw`: ROC AUC of our gradient boosting with 100 trees over 3 folds that never part equal rows, on
20,000 rows of the 82,332-row file; both searches ask the same process for it. No test file: the
folds are of one file, their use is not an opening.
"""

import argparse
import json
import math
import subprocess

import numpy as np
import optuna
from scipy.stats import wilcoxon

import common

optuna.logging.set_verbosity(optuna.logging.ERROR)


def branin(p):
    x, y = p["x"], p["y"]
    b, c, t = 5.1 / (4 * math.pi**2), 5 / math.pi, 1 / (8 * math.pi)
    return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - t) * math.cos(x) + 10


HARTMANN_A = np.array([
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
])
HARTMANN_P = 1e-4 * np.array([
    [1312, 1696, 5569, 124, 8283, 5886],
    [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650],
    [4047, 8828, 8732, 5743, 1091, 381],
])


def hartmann(p):
    x = np.array([p[f"x{i}"] for i in range(6)])
    inner = (HARTMANN_A * (x - HARTMANN_P) ** 2).sum(axis=1)
    return float(-(np.array([1, 1.2, 3, 3.2]) * np.exp(-inner)).sum())


def mixed(p):
    kind = {"a": 0.0, "b": 0.7, "c": 1.5}[p["kind"]]
    rate = math.log10(p["rate"]) + 2
    leaves = math.log2(p["leaves"]) - 5
    return rate**2 + 0.3 * leaves**2 + 0.5 * abs(p["depth"] - 6) + kind + 0.4 * rate * leaves + p["unrelated"] * 0.01


FUNCTIONS = {
    "Branin": (branin, {"x": {"float": [-5.0, 10.0, False]}, "y": {"float": [0.0, 15.0, False]}}),
    "Hartmann 6": (hartmann, {f"x{i}": {"float": [0.0, 1.0, False]} for i in range(6)}),
    "mixed": (mixed, {
        "rate": {"float": [1e-4, 1.0, True]},
        "leaves": {"int": [4, 512, True]},
        "depth": {"int": [1, 12, False]},
        "kind": {"choice": ["a", "b", "c"]},
        "unrelated": {"float": [0.0, 1.0, False]},
    }),
}

BOOSTING = {
    "learning_rate": {"float": [0.02, 0.5, True]},
    "num_leaves": {"int": [4, 128, True]},
    "min_child_samples": {"int": [5, 200, True]},
    "min_child_weight": {"float": [1e-3, 10.0, True]},
    "reg_lambda": {"float": [1e-3, 100.0, True]},
    "reg_alpha": {"float": [1e-3, 10.0, True]},
    "subsample": {"float": [0.5, 1.0, False]},
    "colsample_bytree": {"float": [0.3, 1.0, False]},
}


def ours(binary, objective, space, sampler, seed, trials, direction):
    request = {"space": space, "directions": [direction], "sampler": sampler, "seed": seed, "trials": trials}
    process = subprocess.Popen([binary, "ask"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps(request) + "\n")
    values = []
    for _ in range(trials):
        process.stdin.flush()
        values.append(objective(json.loads(process.stdout.readline())))
        process.stdin.write(json.dumps([values[-1]]) + "\n")
    process.stdin.close()
    process.wait()
    return values


def theirs(objective, space, sampler, seed, trials, direction):
    def suggest(trial, name, range_):
        (kind, given), = range_.items()
        if kind == "choice":
            return trial.suggest_categorical(name, given)
        method = trial.suggest_float if kind == "float" else trial.suggest_int
        return method(name, given[0], given[1], log=given[2])

    values = []

    def asked(trial):
        values.append(objective({name: suggest(trial, name, r) for name, r in space.items()}))
        return values[-1]

    kinds = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    study = optuna.create_study(direction=direction, sampler=kinds[sampler](seed=seed))
    study.optimize(asked, n_trials=trials)
    return values


def show(name, sampler, own, other, better):
    p = wilcoxon(own, other).pvalue if any(a != b for a, b in zip(own, other)) else 1.0
    wins = sum(a < b if better == "minimize" else a > b for a, b in zip(own, other))
    print(
        f"{name:12} {sampler:7} ours {np.median(own):.6g}  Optuna {np.median(other):.6g}  "
        f"ours better in {wins} of {len(own)}, p {p:.3f}",
        flush=True,
    )


def functions(args, binary):
    for name, (function, space) in FUNCTIONS.items():
        for sampler in ("tpe", "random"):
            own, other = [], []
            for seed in range(args.seeds):
                common_args = (function, space, sampler, seed, args.trials, "minimize")
                own.append(min(ours(binary, *common_args)))
                other.append(min(theirs(*common_args)))
            show(name, sampler, own, other, "minimize")


def unsw(args, binary):
    path = common.data_folder() / "unsw-nb15" / "UNSW_NB15_82332.csv"
    server = subprocess.Popen(
        [binary, "objective", str(path), "--rows", str(args.rows)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )

    def objective(params):
        server.stdin.write(json.dumps({"params": {**params, "n_estimators": 100}, "seed": 0}) + "\n")
        server.stdin.flush()
        return json.loads(server.stdout.readline())["value"]

    for sampler in args.samplers:
        own, other = [], []
        for seed in range(args.seeds):
            common_args = (objective, BOOSTING, sampler, seed, args.trials, "maximize")
            own.append(max(ours(binary, *common_args)))
            other.append(max(theirs(*common_args)))
            print(f"  seed {seed}: ours {own[-1]:.6f}, Optuna {other[-1]:.6f}", flush=True)
        show("UNSW-NB15", sampler, own, other, "maximize")
    server.stdin.close()
    server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["functions", "unsw"])
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--samplers", nargs="*", default=["tpe"])
    parser.add_argument("--binary", help="of tripline-bench, if it is built already")
    args = parser.parse_args()
    args.seeds = args.seeds or {"functions": 20, "unsw": 5}[args.what]
    binary = args.binary or common.build()
    {"functions": functions, "unsw": unsw}[args.what](args, binary)


if __name__ == "__main__":
    main()
