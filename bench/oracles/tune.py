"""Expected values of the hyperparameter search, from Optuna 5.0.0.

usage: tune.py OUT.json

Histories are drawn from numpy.random.default_rng(0). Densities, their ratio, parts of good trials,
pruners' decisions, importances come from Optuna's own classes on these histories. NumPy's sort leaves the order of equal
values to the processor, and with it which kernel gets which bandwidth; here it is made stable.
"""

import functools
import json
import math
import sys
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.study._multi_objective import _fast_non_domination_rank, _is_pareto_front
from optuna.trial import TrialState, create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
np.argsort = functools.partial(np.argsort, kind="stable")
rng = np.random.default_rng(0)

# In order of name, as the space holds them.
SPACE = {
    "alpha": FloatDistribution(-3.0, 5.0),
    "booster": CategoricalDistribution(["gbdt", "dart", "goss"]),
    "depth": IntDistribution(2, 9),
    "leaves": IntDistribution(8, 256, log=True),
    "rate": FloatDistribution(1e-3, 0.3, log=True),
}


def draw():
    return {
        "alpha": float(rng.uniform(-3, 5)),
        "booster": str(rng.choice(["gbdt", "dart", "goss"])),
        "depth": int(rng.integers(2, 10)),
        "leaves": int(round(math.exp(rng.uniform(math.log(8), math.log(256))))),
        "rate": float(math.exp(rng.uniform(math.log(1e-3), math.log(0.3)))),
    }


def value(p):
    kind = {"gbdt": 0.0, "dart": 0.4, "goss": -0.3}[p["booster"]]
    return (p["alpha"] - 1.5) ** 2 + 3 * (math.log10(p["rate"]) + 1.5) ** 2 + kind + 0.05 * p["depth"]


def point(p):
    return [float(SPACE[name].to_internal_repr(p[name])) for name in SPACE]


STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "running": TrialState.RUNNING}


def history(kinds, directions):
    study = optuna.create_study(directions=directions)
    trials = []
    for number, kind in enumerate(kinds):
        p = draw()
        signs = [1.0 if d == "minimize" else -1.0 for d in directions]
        values = [signs[0] * value(p)]
        if len(directions) == 2:
            values.append(signs[1] * round(p["leaves"] / 40 + abs(p["alpha"]), 1))
        reported = [float(values[0] + rng.normal()) for _ in range(1 + number % 4)]
        trial = create_trial(
            params=p,
            distributions=SPACE,
            values=values if kind == "complete" else None,
            intermediate_values={} if len(directions) == 2 else dict(enumerate(reported)),
            state=STATES[kind],
        )
        study.add_trial(trial)
        trials.append({
            "point": point(p),
            "state": kind,
            "values": values if kind == "complete" else [],
            "reported": [] if len(directions) == 2 else reported,
        })
    return study, trials


def densities(name, kinds, directions):
    study, trials = history(kinds, directions)
    sampler = TPESampler(multivariate=True, seed=0)
    all_trials = study.get_trials(deepcopy=False)
    n = sum(kind != "running" for kind in kinds)
    gamma = default_gamma if len(directions) == 1 else default_gamma_multiobjective
    good, others = _split_trials(study, all_trials, gamma(n))
    below = sampler._build_parzen_estimator(study, SPACE, good, handle_below=True)
    above = sampler._build_parzen_estimator(study, SPACE, others, handle_below=False)
    asked = [draw() for _ in range(20)] + [trial.params for trial in good[:3]]
    asked += [
        {"alpha": -3.0, "booster": "goss", "depth": 2, "leaves": 8, "rate": 1e-3},
        {"alpha": 5.0, "booster": "gbdt", "depth": 9, "leaves": 256, "rate": 0.3},
    ]
    points = [point(p) for p in asked]
    arrays = {name: np.array([p[i] for p in points]) for i, name in enumerate(SPACE)}
    return {
        "name": name,
        "directions": directions,
        "trials": trials,
        "good": [trial.number for trial in good],
        "points": points,
        "ln_good": below.log_pdf(arrays).tolist(),
        "ln_others": above.log_pdf(arrays).tolist(),
        "ln_ratio": sampler._compute_acquisition_func(arrays, below, above).tolist(),
    }


def fronts():
    cases = []
    for size, wanted in ((1, 1), (7, 3), (30, 3), (30, 11), (60, 6), (60, 59)):
        losses = np.round(rng.normal(size=(size, 2)), 1)
        losses[size // 2] = losses[0]
        study = optuna.create_study(directions=["minimize", "minimize"])
        for row in losses:
            study.add_trial(create_trial(values=[float(x) for x in row]))
        good, _ = _split_trials(study, study.trials, wanted)
        cases.append({
            "losses": losses.tolist(),
            "ranks": _fast_non_domination_rank(losses).tolist(),
            "front": np.flatnonzero(_is_pareto_front(losses, assume_unique_lexsorted=False)).tolist(),
            "wanted": wanted,
            "best": [trial.number for trial in good],
        })
    return cases


def pruned(name, pruner, first_step, direction):
    """Trials report up to 9 steps one after the other; each is stopped where the pruner says so."""
    study = optuna.create_study(direction=direction, pruner=pruner)
    trials = []
    for _ in range(40):
        trial = study.ask()
        level = rng.normal()
        reported, stopped = [], False
        for step in range(9):
            reported.append(float(round(level + 0.5 * rng.normal(), 1)))
            trial.report(reported[-1], step + first_step)
            if trial.should_prune():
                stopped = True
                break
        if stopped:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, reported[-1])
        trials.append({"reported": reported, "pruned": stopped})
    return {"name": name, "direction": direction, "trials": trials}


def importances(trials, directions):
    kinds = ["complete"] * trials
    study, told = history(kinds, directions)
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {
        "directions": directions,
        "trials": told,
        "shares": [float(shares[name]) for name in SPACE],
    }


def main():
    halving = optuna.pruners.SuccessiveHalvingPruner
    median = optuna.pruners.MedianPruner
    c, p, r = ["complete"], ["pruned"], ["running"]
    out = {
        "densities": [
            densities("eleven", c * 11, ["minimize"]),
            densities("mixed", (c * 3 + p) * 6 + r * 3, ["maximize"]),
            densities("mostly pruned", c + p * 14, ["minimize"]),
            densities("sixty", c * 60, ["maximize"]),
            densities("two objectives", c * 45 + r * 2, ["maximize", "minimize"]),
        ],
        "fronts": fronts(),
        "pruners": [
            pruned("median 5 0", median(5, 0), 0, "minimize"),
            pruned("median 3 2", median(3, 2), 0, "maximize"),
            pruned("halving 1 3", halving(min_resource=1, reduction_factor=3), 1, "minimize"),
            pruned("halving 2 2", halving(min_resource=2, reduction_factor=2), 1, "maximize"),
        ],
        "importances": [
            importances(12, ["minimize"]),
            importances(80, ["maximize"]),
            importances(60, ["maximize", "minimize"]),
        ],
    }
    with open(sys.argv[1], "w") as file:
        json.dump(out, file)
        file.write("\n")


if __name__ == "__main__":
    main()
