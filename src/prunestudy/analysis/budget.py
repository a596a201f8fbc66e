"""One concrete network within the budget of each method, for what needs one.

Among networks within the budget that is a method's smallest, or its fastest where latency binds a
loop. Quality enters the choice by validation data only. Sizes are not compared by it: one side may
choose off the grid of operating points (:mod:`~prunestudy.analysis.sizes` does).
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs, stands_alone
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.params.settings import Study
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.store.names import DENSE

CHOICE_COLUMNS = [
    *("task", "seed", "method", "point", "budget", "val", "test", "params", "params_nonzero"),
    *("macs", "compression", "speedup_macs", "latency_ms_b64", "latency_ratio_b64"),
    *("realised_b64", "artifact_sha256"),
]
FASTEST_COLUMNS = [
    *("task", "method", "n", "time", "low", "high", "level", "realised", "generalises")
]
# The order in which networks are preferred: columns, and whether ascending.
SMALLEST = {"params_nonzero": True, "macs_nonzero": True}
FASTEST = {"latency_ratio_b64": False, "params_nonzero": True}


def choices(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, seed, method): its smallest network within the budget.

    What a loop ends with by its own rule is among them. Where no pruned network is within the
    budget, that is the dense one (point ``1``). Failed cells have no row. ``realised_b64`` is the
    realised speed-up, latency ratio ÷ MAC ratio.
    """
    return _chosen(inputs, inputs.networks, SMALLEST)


def fastest(inputs: Inputs) -> pd.DataFrame:
    """The same of its fastest network, among the task's operating points for every method.

    What a loop ends with by its own rule is no candidate: off the grid it would lie closer to the
    budget than any network of a method that has the grid alone.
    """
    grid = {(task, point) for task in inputs.tasks for point in ("1", *inputs.points_on(task))}
    places = zip(inputs.networks["task"], inputs.networks["point"], strict=True)
    return _chosen(inputs, inputs.networks[[place in grid for place in places]], FASTEST)


def fastest_summary(inputs: Inputs, fastest: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, method): geometric means over seeds of those networks' times.

    ``time`` is a share of the dense network's, with its interval; ``realised`` the realised
    speed-up.
    """
    rows = []
    for (task, method), own in fastest.groupby(["task", "method"], sort=False):
        scope = (inputs.level, inputs.overlap(str(task)))
        time = summarise_ratios((1 / own["latency_ratio_b64"]).dropna().tolist(), *scope)
        realised = summarise_ratios(own["realised_b64"].dropna().tolist(), *scope)
        numbers = [time.n, time.mean, time.low, time.high, inputs.level, realised.mean]
        rows.append([task, method, *numbers, inputs.generalises(str(task))])
    return pd.DataFrame(rows, columns=FASTEST_COLUMNS)


def _chosen(inputs: Inputs, networks: pd.DataFrame, order: dict[str, bool]) -> pd.DataFrame:
    networks = _measured_once(networks)
    networks["realised_b64"] = networks["latency_ratio_b64"] / networks["speedup_macs"]
    # Of equal networks the dense one comes first.
    networks = networks.sort_values("method", key=lambda names: names != DENSE, kind="stable")
    networks = networks.sort_values(list(order), ascending=list(order.values()), kind="stable")
    failed = set(inputs.failures[CELL].itertuples(index=False, name=None))
    least: dict[tuple[str, int], float] = {}
    for task in inputs.tasks:
        dense_of = inputs.cells(task, DENSE)
        for seed, val in zip(dense_of["seed"].tolist(), dense_of["val"], strict=True):
            allowed = inputs.study.tasks[task].requirements
            least[task, seed] = least_quality(allowed, val, inputs.sign(task))
    signs = {task: inputs.sign(task) for task in inputs.tasks}
    first: dict[tuple[str, int, str], tuple[int, dict[Any, Any]]] = {}
    for place, row in enumerate(networks.to_dict("records")):
        task, seed, method = (row[name] for name in CELL)
        # Without a dense network there is no budget, and nothing is within it.
        sign = signs.get(task, 1.0)
        if method == DENSE or sign * row["val"] >= sign * least.get((task, seed), sign * math.inf):
            first.setdefault((task, seed, method), (place, row))
    rows = []
    for (task, seed), budget in least.items():
        dense = first[task, seed, DENSE]
        for method in inputs.methods_on(task):
            if (cell := (task, seed, method)) not in failed:
                _place, row = min(first.get(cell, dense), dense, key=lambda found: found[0])
                rows.append({**row, "method": method, "budget": budget})
    return pd.DataFrame(rows, columns=CHOICE_COLUMNS)


def least_quality(requirements: Requirements, dense: float, sign: float) -> float:
    """The worst value of a metric that a task's requirements allow, given the dense network's.

    Args:
        sign: 1 where more of the metric is better, else −1.
    """
    drop = requirements.max_drop
    return dense - sign * (drop * abs(dense) if requirements.relative else drop)


def _measured_once(networks: pd.DataFrame) -> pd.DataFrame:
    """The same, with one latency a network: the geometric mean where it serves several points.

    Else a method that has the same network under several names could choose its luckiest timing.
    """
    networks = networks.copy()
    same = [networks[name] for name in (*CELL, "artifact_sha256")]
    for column in ("latency_ratio_b64", "latency_ms_b64"):
        networks[column] = np.exp(np.log(networks[column]).groupby(same).transform("mean"))
    return networks


def best(study: Study, chosen: pd.DataFrame) -> pd.DataFrame:
    """Each task's smallest pruned network within the budget: the rows of ``chosen`` with it.

    Baselines are for comparison and never the best, nor are other methods' layer ratios. Of
    equally small networks that with the better validation quality; test data has no say.
    """
    plain = [name for name, method in study.methods.items() if stands_alone(method)]
    tasks = study.tasks.items()
    pruned = chosen[(chosen["point"] != "1") & chosen["method"].isin(plain)]
    higher = pruned["task"].map({name: one.metric_info.higher_is_better for name, one in tasks})
    turned = pruned.assign(quality=pruned["val"].where(higher, -pruned["val"]))
    order = {"params_nonzero": True, "quality": False}
    ranked = turned.sort_values(list(order), ascending=list(order.values()), kind="stable")
    return ranked.drop(columns="quality").drop_duplicates("task")
