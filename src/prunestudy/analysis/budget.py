"""The headline rule: the smallest network of each method that stays within the task's budget.

Among networks within the budget a method's smallest is chosen, or its fastest where time is what is
compared. Quality enters the choice by validation data only; test quality is reported for what it
chose.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import Inputs, budget
from prunestudy.analysis.statistics import Comparison, compare_paired, compare_ratios, holm
from prunestudy.params.settings import Study
from prunestudy.store.names import DENSE

CHOICE_COLUMNS = [
    "task",
    "seed",
    "method",
    "point",
    "budget",
    "val",
    "test",
    "params",
    "params_nonzero",
    "macs",
    "compression",
    "latency_ms_b64",
    "latency_ratio_b64",
    "artifact_sha256",
]
# What the headline compares: the column, and how.
MEASURES = {
    "params": ("params_nonzero", "ratio"),
    "test": ("test", "difference"),
    "time": ("latency_ratio_b64", "ratio"),
}
HEADLINE_COLUMNS = [
    *("task", "first", "second", "metric", "n", "level", "first_dense", "second_dense", "family"),
    *(
        f"{name}_{part}"
        for name, (_column, kind) in MEASURES.items()
        for part in (kind, "low", "high", "p", "p_holm", "p_t", "p_t_holm", "d", "verdict")
    ),
]


# The order in which networks are preferred.
SMALLEST = {"params_nonzero": True, "macs_nonzero": True}
FASTEST = {"latency_ratio_b64": False, "params_nonzero": True}


def measured_once(inputs: Inputs) -> Inputs:
    """The same, with one latency a network: the geometric mean where it serves several points.

    Else a method that has the same network under several names could choose its luckiest timing.
    """
    networks = inputs.networks.copy()
    places = networks.groupby(["task", "seed", "method", "artifact_sha256"])
    for column in ("latency_ratio_b64", "latency_ms_b64"):
        networks[column] = np.exp(places[column].transform(lambda times: np.log(times).mean()))
    return replace(inputs, networks=networks)


def choices(inputs: Inputs, order: dict[str, bool] = SMALLEST) -> pd.DataFrame:
    """One row a (task, seed, method): its smallest (or fastest) network within the budget.

    Where no pruned network is, that is the dense one (point ``1``).

    Args:
        order: columns to sort by, and whether ascending.
    """
    rows = []
    for task in inputs.tasks:
        requirements = inputs.study.tasks[task].requirements
        for seed, dense_quality in inputs.dense_val(task).items():
            least = budget(requirements, dense_quality)
            for method in inputs.methods_on(task):
                if inputs.has_failed(task, int(str(seed)), method):
                    continue
                found = _first(inputs, task, int(str(seed)), method, least, order)
                rows.append({**found, "method": method, "budget": least})
    return pd.DataFrame(rows, columns=CHOICE_COLUMNS)


def _first(
    inputs: Inputs, task: str, seed: int, method: str, least: float, order: dict[str, bool]
) -> dict[str, Any]:
    cells = pd.concat([inputs.cells(task, DENSE), inputs.cells(task, method)])
    cells = cells[(cells["seed"] == seed) & ((cells["val"] >= least) | (cells["method"] == DENSE))]
    ranked = cells.sort_values(list(order), ascending=list(order.values()), kind="stable")
    return {str(name): value for name, value in ranked.iloc[0].items()}


def best(study: Study, chosen: pd.DataFrame) -> pd.DataFrame:
    """Each task's smallest pruned network within the budget: the rows of ``chosen`` with it.

    Controls are for comparison and never the best, nor are other methods' proportions. Of equally
    small networks that with the higher validation quality; test data has no say.
    """
    plain = [name for name, method in study.methods.items() if method.plain]
    pruned = chosen[(chosen["point"] != "1") & chosen["method"].isin(plain)]
    ranked = pruned.sort_values(["params_nonzero", "val"], ascending=[True, False], kind="stable")
    return ranked.drop_duplicates("task")


def headline(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    """The reference method against each other one, on what the rule chose; one row a pair.

    ``params`` and ``time`` are ratios first ÷ second (geometric means), ``test`` a difference.
    ``first_dense`` and ``second_dense`` count the seeds whose choice is the dense network. Holm's
    correction is over a ``family``: the tasks, for the pair that the study asks about, and all
    other comparisons.
    """
    return _pairs(inputs, chosen, [inputs.reference])


def latency_headline(inputs: Inputs, fastest: pd.DataFrame) -> pd.DataFrame:
    """Every closed loop that latency binds against each other method, each at its fastest."""
    return _pairs(inputs, fastest, inputs.bound_by_latency)


def _pairs(inputs: Inputs, chosen: pd.DataFrame, firsts: list[str]) -> pd.DataFrame:
    rows = [
        _pair(inputs, chosen[chosen["task"] == task].set_index("seed"), task, first, other)
        for first in firsts
        for task in inputs.tasks
        if first in inputs.methods_on(task)
        for other in inputs.methods_on(task)
        if other != first
    ]
    # The question of the study is one family, over its tasks; what else is looked at is another.
    asked = inputs.duel[1] if inputs.duel else ""
    for family in (
        [row for row in rows if row["second"] == asked],
        [row for row in rows if row["second"] != asked],
    ):
        for row in family:
            row["family"] = len(family)
        for p in (f"{name}_{test}" for name in MEASURES for test in ("p", "p_t")):
            adjusted = holm([row[p] for row in family])
            for row, value in zip(family, adjusted, strict=True):
                row[f"{p}_holm"] = value
    return pd.DataFrame(rows, columns=HEADLINE_COLUMNS)


def _pair(
    inputs: Inputs, of_task: pd.DataFrame, task: str, name: str, other: str
) -> dict[str, Any]:
    first = of_task[of_task["method"] == name]
    second = of_task[of_task["method"] == other]
    common = first.index.intersection(second.index)
    first, second = first.loc[common], second.loc[common]
    row: dict[str, Any] = {
        "task": task,
        "first": name,
        "second": other,
        "metric": inputs.study.tasks[task].metric,
        "n": len(first),
        "level": inputs.level,
        "first_dense": int((first["point"] == "1").sum()),
        "second_dense": int((second["point"] == "1").sum()),
    }
    for measure, (column, kind) in MEASURES.items():
        row |= _measured(measure, kind, first[column], second[column], inputs.level)
    return row


def _measured(
    name: str, kind: str, first: pd.Series, second: pd.Series, level: float
) -> dict[str, Any]:
    a, b = first.tolist(), second[first.index].tolist()
    if name == "time":
        # Latency ratios are dense ÷ network; turned about, they are times against the dense one.
        a, b = [1 / value for value in a], [1 / value for value in b]
    found: Comparison = (compare_ratios if kind == "ratio" else compare_paired)(a, b, level)
    return {
        f"{name}_{kind}": found.summary.mean,
        f"{name}_low": found.summary.low,
        f"{name}_high": found.summary.high,
        f"{name}_p": found.p,
        f"{name}_p_t": found.p_t,
        f"{name}_d": found.d,
        f"{name}_verdict": found.verdict,
    }
