"""The headline rule: the smallest network of each method that stays within the task's budget.

The choice reads validation quality only; test quality and latency are reported for what it chose.
"""

from typing import Any

import pandas as pd

from prunestudy.evaluation.statistics import Comparison, compare_paired, compare_ratios
from prunestudy.plan import DENSE
from prunestudy.report.inputs import Inputs, budget

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
    *("task", "first", "second", "metric", "n", "level", "first_dense", "second_dense"),
    *(
        f"{name}_{part}"
        for name, (_column, kind) in MEASURES.items()
        for part in (kind, "low", "high", "p", "d", "verdict")
    ),
]


def choices(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, seed, method): its smallest network within the budget.

    Where no pruned network is, that is the dense one (point ``1``).
    """
    rows = []
    for task in inputs.tasks:
        requirements = inputs.study.tasks[task].requirements
        for seed, dense_quality in inputs.dense_val(task).items():
            least = budget(requirements, dense_quality)
            for method in inputs.methods_on(task):
                found = _smallest(inputs, task, int(str(seed)), method, least)
                rows.append({**found, "method": method, "budget": least})
    return pd.DataFrame(rows, columns=CHOICE_COLUMNS)


def _smallest(inputs: Inputs, task: str, seed: int, method: str, least: float) -> dict[str, Any]:
    cells = pd.concat([inputs.cells(task, DENSE), inputs.cells(task, method)])
    cells = cells[(cells["seed"] == seed) & ((cells["val"] >= least) | (cells["method"] == DENSE))]
    order = cells.sort_values(["params_nonzero", "macs_nonzero"], kind="stable")
    return {str(name): value for name, value in order.iloc[0].items()}


def headline(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    """The reference method against each other one, on what the rule chose; one row a pair.

    ``params`` and ``time`` are ratios first ÷ second (geometric means), ``test`` a difference.
    ``first_dense`` and ``second_dense`` count the seeds on which no pruned network qualified.
    """
    rows = [
        _pair(inputs, chosen[chosen["task"] == task].set_index("seed"), task, other)
        for task in inputs.tasks
        for other in inputs.methods_on(task)
        if other != inputs.reference
    ]
    return pd.DataFrame(rows, columns=HEADLINE_COLUMNS)


def _pair(inputs: Inputs, of_task: pd.DataFrame, task: str, other: str) -> dict[str, Any]:
    first = of_task[of_task["method"] == inputs.reference]
    second = of_task[of_task["method"] == other]
    row: dict[str, Any] = {
        "task": task,
        "first": inputs.reference,
        "second": other,
        "metric": inputs.study.tasks[task].metric,
        "n": len(first),
        "level": inputs.level,
        "first_dense": int((first["point"] == "1").sum()),
        "second_dense": int((second["point"] == "1").sum()),
    }
    for name, (column, kind) in MEASURES.items():
        row |= _measured(name, kind, first[column], second[column], inputs.level)
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
        f"{name}_d": found.d,
        f"{name}_verdict": found.verdict,
    }
