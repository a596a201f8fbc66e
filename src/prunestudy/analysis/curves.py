"""Training curves: the loss by epoch on the way to one operating point, over seeds."""

from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import compare_paired, compare_ratios, summarise_ratios
from prunestudy.store.names import FINAL

WALK = "walk"
LOSSES = ("train_loss", "val_loss")


def shown_point(inputs: Inputs, task: str) -> str | None:
    """The middle one of the operating points that every contestant reached on every seed."""
    seeds = len(inputs.study.seeds)
    shared = [
        point
        for point in inputs.points
        if all(len(inputs.cells(task, method, point)) == seeds for method in contestants(inputs))
    ]
    return shared[len(shared) // 2] if shared else None


def contestants(inputs: Inputs) -> list[str]:
    """The methods of the headline, or all where the study has no such pair."""
    return list(inputs.duel or inputs.methods)


def path_to(history: pd.DataFrame, point: str) -> pd.DataFrame:
    """Epochs of one (task, seed, method) that led to an operating point.

    A closed loop shares its walk among all points: the walk up to the point, then its finish. A
    stage that was rolled back is followed by another try at the same epochs, which counts.
    """
    own = history[history["point"] == point]
    walk = history[history["point"] == WALK]
    if len(own):
        walk = walk[(walk.index < own.index.min()) & (walk["epoch"] < own["epoch"].min())]
    walk = walk.drop_duplicates("epoch", keep="last")
    return pd.concat([walk, own]).sort_values("epoch", kind="stable")


def seed_curves(inputs: Inputs) -> pd.DataFrame:
    """Epochs of every seed for the point that each task shows."""
    found = []
    for task in inputs.tasks:
        point = shown_point(inputs, task)
        if point is None or point == FINAL:
            continue
        for method in contestants(inputs):
            of_method = inputs.history[
                (inputs.history["task"] == task) & (inputs.history["method"] == method)
            ]
            for _seed, history in of_method.groupby("seed", sort=True):
                found.append(path_to(history, point).assign(shown=point))
    columns = [*inputs.history.columns, "shown"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


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
        row: dict[str, Any] = dict(zip(("task", "method", "point", "epoch"), place, strict=True))
        row["n"] = len(group)
        for loss in LOSSES:
            positive = group.loc[group[loss] > 0, loss].tolist()
            found = summarise_ratios(positive, inputs.level)
            row |= {loss: found.mean, f"{loss}_low": found.low, f"{loss}_high": found.high}
        rows.append(row)
    columns = ["task", "method", "point", "epoch", "n"]
    columns += [f"{loss}{part}" for loss in LOSSES for part in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=columns)


def _filled(path: pd.DataFrame) -> pd.DataFrame:
    epochs = range(int(path["epoch"].min()), int(path["epoch"].max()) + 1)
    return path.set_index("epoch").reindex(epochs).ffill().reset_index()


def curve_traits(inputs: Inputs, paths: pd.DataFrame) -> pd.DataFrame:
    """Are the curves lower and smoother? The duel's paired comparison, one row a task and trait.

    ``final`` is the validation loss of the last epoch, ``roughness`` how far its logarithm goes
    back and forth: the mean absolute change from one epoch to the next, less that of a straight
    way, so that a steady fall has none.
    """
    rows = []
    for task in inputs.tasks if inputs.duel else []:
        of_task = paths[paths["task"] == task]
        if of_task.empty or inputs.duel is None:
            continue
        first, second = (_traits(of_task[of_task["method"] == name]) for name in inputs.duel)
        seeds = first.index.intersection(second.index)
        for trait, compare in (("final", compare_ratios), ("roughness", compare_paired)):
            a, b = first.loc[seeds, trait].tolist(), second.loc[seeds, trait].tolist()
            found = compare(a, b, inputs.level)
            rows.append(
                {
                    "task": task,
                    "point": of_task["shown"].iloc[0],
                    "trait": trait,
                    "n": found.summary.n,
                    "first": inputs.duel[0],
                    "second": inputs.duel[1],
                    "first_mean": first.loc[seeds, trait].mean(),
                    "second_mean": second.loc[seeds, trait].mean(),
                    "difference_or_ratio": found.summary.mean,
                    "low": found.summary.low,
                    "high": found.summary.high,
                    "verdict": found.verdict,
                }
            )
    return pd.DataFrame(rows, columns=_TRAIT_COLUMNS)


_TRAIT_COLUMNS = ["task", "point", "trait", "n", "first", "second", "first_mean", "second_mean"]
_TRAIT_COLUMNS += ["difference_or_ratio", "low", "high", "verdict"]


def _traits(paths: pd.DataFrame) -> pd.DataFrame:
    rows = {}
    for seed, path in paths.groupby("seed", sort=True):
        logs = np.log(path["val_loss"])
        rows[seed] = {
            "final": path["val_loss"].iloc[-1],
            "roughness": logs.diff().abs().mean() - abs(logs.diff().mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["final", "roughness"])
