"""The headline rule: the smallest network of each method that stays within the task's budget.

Among networks within the budget a method's smallest is chosen, or its fastest where time is what is
compared. Quality enters the choice by validation data only; test quality is reported for what it
chose.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs, stands_alone
from prunestudy.analysis.statistics import compare_paired, compare_ratios, holm
from prunestudy.params.settings import Study
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.store.names import DENSE

Pair = tuple[str, str]
CHOICE_COLUMNS = [
    *("task", "seed", "method", "point", "budget", "val", "test", "params", "params_nonzero"),
    *("macs", "compression", "latency_ms_b64", "latency_ratio_b64", "artifact_sha256"),
]
# The order in which networks are preferred: columns, and whether ascending.
SMALLEST = {"params_nonzero": True, "macs_nonzero": True}
FASTEST = {"latency_ratio_b64": False, "params_nonzero": True}


@dataclass(frozen=True)
class Measure:
    """What the headline compares.

    Attributes:
        name: how its columns in the headline begin.
        column: the column of networks that is compared.
        better: the verdict of a gain.
    """

    name: str
    column: str
    kind: Literal["ratio", "difference"]
    better: Literal["lower", "higher"]

    @property
    def mean(self) -> str:
        """The column of its estimates."""
        return f"{self.name}_{self.kind}"

    @property
    def none(self) -> float:
        """Its value where there is no difference."""
        return 1.0 if self.kind == "ratio" else 0.0

    @property
    def worse(self) -> str:
        """The verdict of a loss."""
        return "higher" if self.better == "lower" else "lower"


PARAMS = Measure("params", "params_nonzero", "ratio", "lower")
TEST = Measure("test", "test", "difference", "higher")
TIME = Measure("time", "latency_ratio_b64", "ratio", "lower")
MEASURES = (PARAMS, TEST, TIME)
_PARTS = ("low", "high", "p", "p_holm", "p_t", "p_t_holm", "d", "verdict")
HEADLINE_COLUMNS = [
    *("task", "first", "second", "metric", "n", "level", "first_dense", "second_dense", "family"),
    *(f"{one.name}_{part}" for one in MEASURES for part in (one.kind, *_PARTS)),
]


def choices(inputs: Inputs, order: dict[str, bool] = SMALLEST) -> pd.DataFrame:
    """One row a (task, seed, method): its smallest (or fastest) network within the budget.

    Where no pruned network is, that is the dense one (point ``1``). Failed cells have no row.
    """
    networks = _measured_once(inputs.networks)
    # Of equal networks the dense one comes first.
    networks = networks.sort_values("method", key=lambda names: names != DENSE, kind="stable")
    networks = networks.sort_values(list(order), ascending=list(order.values()), kind="stable")
    failed = set(inputs.failures[CELL].itertuples(index=False, name=None))
    rows = []
    for task in inputs.tasks:
        for seed, dense in inputs.cells(task, DENSE)["val"].items():
            least = least_quality(inputs.study.tasks[task].requirements, dense)
            within = networks[
                ((networks["val"] >= least) | (networks["method"] == DENSE))
                & (networks["task"] == task)
                & (networks["seed"] == seed)
            ]
            for method in inputs.methods_on(task):
                if (task, seed, method) not in failed:
                    own = within[within["method"].isin([DENSE, method])].iloc[0].to_dict()
                    rows.append({**own, "method": method, "budget": least})
    return pd.DataFrame(rows, columns=CHOICE_COLUMNS)


def least_quality(requirements: Requirements, dense: float) -> float:
    """Least validation quality that a task's requirements allow, given the dense network's."""
    drop = requirements.max_drop
    return dense - (drop * abs(dense) if requirements.relative else drop)


def _measured_once(networks: pd.DataFrame) -> pd.DataFrame:
    """The same, with one latency a network: the geometric mean where it serves several points.

    Else a method that has the same network under several names could choose its luckiest timing.
    """
    networks = networks.copy()
    places = networks.groupby([*CELL, "artifact_sha256"])
    for column in ("latency_ratio_b64", "latency_ms_b64"):
        networks[column] = np.exp(places[column].transform(lambda times: np.log(times).mean()))
    return networks


def best(study: Study, chosen: pd.DataFrame) -> pd.DataFrame:
    """Each task's smallest pruned network within the budget: the rows of ``chosen`` with it.

    Baselines are for comparison and never the best, nor are other methods' layer ratios. Of
    equally small networks that with the higher validation quality; test data has no say.
    """
    plain = [name for name, method in study.methods.items() if stands_alone(method)]
    pruned = chosen[(chosen["point"] != "1") & chosen["method"].isin(plain)]
    ranked = pruned.sort_values(["params_nonzero", "val"], ascending=[True, False], kind="stable")
    return ranked.drop_duplicates("task")


def headline(
    inputs: Inputs, chosen: pd.DataFrame, pairs: list[Pair], asked: list[Pair]
) -> pd.DataFrame:
    """Pairs of methods on what the rule chose; one row a pair and task that has both.

    Ratios are first ÷ second (geometric means), ``test`` is a difference. ``first_dense`` and
    ``second_dense`` count the seeds whose choice is the dense network. Holm's correction is over a
    ``family``: the rows of the pairs that are asked about, and all other rows.
    """
    rows = [
        _pair(inputs, chosen[chosen["task"] == task].set_index("seed"), task, *pair)
        for first in dict.fromkeys(first for first, _second in pairs)
        for task in inputs.tasks
        for pair in pairs
        if pair[0] == first and set(pair) <= set(inputs.methods_on(task))
    ]
    for is_asked in (True, False):
        family = [row for row in rows if ((row["first"], row["second"]) in asked) is is_asked]
        for p in (f"{measure.name}_{test}" for measure in MEASURES for test in ("p", "p_t")):
            for row, adjusted in zip(family, holm([row[p] for row in family]), strict=True):
                row |= {f"{p}_holm": adjusted, "family": len(family)}
    return pd.DataFrame(rows, columns=HEADLINE_COLUMNS)


def _pair(
    inputs: Inputs, of_task: pd.DataFrame, task: str, name: str, other: str
) -> dict[Hashable, Any]:
    first, second = (of_task[of_task["method"] == method] for method in (name, other))
    common = first.index.intersection(second.index)
    first, second = first.loc[common], second.loc[common]
    place = [task, name, other, inputs.study.tasks[task].metric, len(first), inputs.level]
    dense = [(chosen["point"] == "1").sum() for chosen in (first, second)]
    row: dict[Hashable, Any] = dict(zip(HEADLINE_COLUMNS, [*place, *dense], strict=False))
    for measure in MEASURES:
        a, b = first[measure.column].tolist(), second[measure.column].tolist()
        if measure is TIME:
            # Latency ratios are dense ÷ network; turned about, times against its.
            a, b = [1 / value for value in a], [1 / value for value in b]
        compare = compare_ratios if measure.kind == "ratio" else compare_paired
        found = compare(a, b, inputs.level)
        numbers = {measure.kind: found.summary.mean, "low": found.summary.low}
        numbers |= {"high": found.summary.high, "p": found.p, "p_t": found.p_t, "d": found.d}
        row |= {f"{measure.name}_{part}": number for part, number in numbers.items()}
        row[f"{measure.name}_verdict"] = found.verdict
    return row
