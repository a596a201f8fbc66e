"""Training curves: the loss by epoch on the way to one operating point, over seeds."""

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import RATIO, Measure, judge
from prunestudy.analysis.statistics import (
    Comparison,
    compare,
    family_levels,
    holm,
    summarise_ratios,
)

# How the history names the epochs that a closed loop's networks share.
SHARED = "shrink"
LOSSES = ("train_loss", "val_loss")
# How far a curve goes back and forth has no margin.
TRAITS = (Measure("final", "ratio", "lower"), Measure("roughness", "difference", "lower"))
TRAIT_COLUMNS = [
    *("task", "point", "trait", "n", "first", "second", "first_mean", "second_mean"),
    *("difference_or_ratio", "low", "high", "level", "p_t", "p_t_holm", "family", "verdict"),
]


def drawn_methods(inputs: Inputs, task: str) -> list[str]:
    """The methods that are asked about on a task, or all where the study asks nothing."""
    on = inputs.methods_on(task)
    pairs = [question.pair for question in inputs.questions if set(question.pair) <= {*on}]
    return list(dict.fromkeys(sum(pairs, ()))) if inputs.questions else on


def shown_point(inputs: Inputs, task: str) -> str | None:
    """The middle one of the operating points that all of these methods reached on every seed."""
    seeds, methods = len(inputs.study.seeds), drawn_methods(inputs, task)
    shared = [
        point
        for point in inputs.points
        if all(len(inputs.cells(task, method, point)) == seeds for method in methods)
    ]
    return shared[len(shared) // 2] if shared else None


def path_to(history: pd.DataFrame, point: str) -> pd.DataFrame:
    """Epochs of one (task, seed, method) that led to an operating point.

    A closed loop's networks share its stages: those up to the point, then its own epochs. A
    stage that was rolled back is followed by another try at the same epochs, which counts.
    """
    own = history[history["point"] == point]
    shared = history[history["point"] == SHARED]
    if len(own):
        shared = shared[(shared.index < own.index.min()) & (shared["epoch"] < own["epoch"].min())]
    shared = shared.drop_duplicates("epoch", keep="last")
    return pd.concat([shared, own]).sort_values("epoch", kind="stable")


def seed_curves(inputs: Inputs) -> pd.DataFrame:
    """Epochs of every seed for the point that each task shows."""
    found = [pd.DataFrame(columns=[*inputs.history.columns, "shown"])]
    cells = inputs.history
    for task in inputs.tasks:
        point = shown_point(inputs, task)
        for method in drawn_methods(inputs, task) if point else []:
            own = cells[(cells["task"] == task) & (cells["method"] == method)]
            for _seed, history in own.groupby("seed", sort=True):
                found.append(path_to(history, str(point)).assign(shown=point))
    return pd.concat(found[1:] or found, ignore_index=True)


def curves(inputs: Inputs, paths: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of the losses over seeds, with its interval, by epoch.

    A seed without a value at an epoch (one spent on trials) keeps its last one, so that the mean
    does not jump because the seeds under it change.
    """
    rows = []
    filled = [_filled(path) for _place, path in paths.groupby(["task", "method", "seed"])]
    paths = pd.concat(filled) if filled else paths
    paths = paths.sort_values(["task", "method", "epoch"], kind="stable")
    for place, group in paths.groupby(["task", "method", "shown", "epoch"], sort=False):
        row = [*place, len(group)]
        for loss in LOSSES:
            losses = group.loc[group[loss] > 0, loss].tolist()
            found = summarise_ratios(losses, inputs.level, inputs.overlap(str(place[0])))
            row += [found.mean, found.low, found.high]
        rows.append(row)
    columns = ["task", "method", "point", "epoch", "n"]
    columns += [f"{loss}{part}" for loss in LOSSES for part in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=columns)


def _filled(path: pd.DataFrame) -> pd.DataFrame:
    epochs = range(int(path["epoch"].min()), int(path["epoch"].max()) + 1)
    return path.set_index("epoch").reindex(epochs).ffill().reset_index()


def curve_traits(inputs: Inputs, paths: pd.DataFrame) -> pd.DataFrame:
    """Are the curves lower and smoother? A paired comparison a task, question and trait.

    ``final`` is the validation loss of the last epoch, ``roughness`` how far its logarithm goes
    back and forth: the mean absolute change from one epoch to the next, less that of a straight
    way, so that a steady fall has none. The rows of a trait are one family, as those of a measure
    in :mod:`~prunestudy.analysis.comparisons`.
    """
    found: list[tuple[Measure, list[Any], Comparison]] = []
    asked = [question.pair for question in inputs.questions]
    for (task, of_task), pair in product(paths.groupby("task", sort=False), asked):
        first, second = (_traits(of_task[of_task["method"] == name]) for name in pair)
        if first.empty or second.empty:
            continue
        seeds = first.index.intersection(second.index)
        for trait in TRAITS:
            a, b = first.loc[seeds, trait.name], second.loc[seeds, trait.name]
            compared = compare(a.tolist(), b.tolist(), trait.kind, inputs.overlap(str(task)))
            told = [task, of_task["shown"].iloc[0], trait.name, compared.n, *pair]
            found.append((trait, [*told, a.mean(), b.mean()], compared))
    rows: list[list[Any]] = [[]] * len(found)
    for trait in TRAITS:
        margin = inputs.margin(RATIO) if trait.kind == "ratio" else 0.0
        places = [place for place, one in enumerate(found) if one[0] is trait]
        p = [found[place][2].p_t for place in places]
        family = sum(not math.isnan(one) for one in p)
        for place, ends, p_holm in zip(
            places, family_levels(p, inputs.level), holm(p), strict=True
        ):
            _trait, told, compared = found[place]
            interval = compared.interval(*ends)
            verdict = judge(trait, compared, interval, margin).verdict
            numbers = [compared.estimate, *interval, ends[0], compared.p_t, p_holm, family]
            rows[place] = [*told, *numbers, verdict]
    return pd.DataFrame(rows, columns=TRAIT_COLUMNS)


def _traits(paths: pd.DataFrame) -> pd.DataFrame:
    rows = {}
    for seed, path in paths.groupby("seed", sort=True):
        logs = np.log(path["val_loss"])
        roughness = logs.diff().abs().mean() - abs(logs.diff().mean())
        rows[seed] = [path["val_loss"].iloc[-1], roughness]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["final", "roughness"])
