"""Mean rank over tasks: how often a method is among the first, whatever the unit of the metric.

Ranks are by area, within each task and seed, 1 the best, ties their mean rank; so the mean rank is
what to expect of one run, and does not change with the number of seeds. Its interval is the t
interval of the tasks' mean ranks, in which both tasks and seeds vary; a percentile bootstrap over
a few tasks and their seeds is too narrow (docs/statistics.md has both in simulated studies). Ranks
are bounded, so that it covers less often where a method is nearly always first; with a handful of
tasks it is wide, and no critical difference is claimed.
"""

import numpy as np
import pandas as pd
from scipy import stats

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise

NAN = float("nan")
LEAST_TASKS = 3
# Mean ranks that are equal on paper differ in their last bits.
SAME = 1e-9
COLUMNS = [
    *("method", "granularity", "methods", "tasks", "n", "mean_rank", "low", "high", "level"),
    "generalises",
]


def mean_rank(inputs: Inputs, area: pd.DataFrame) -> pd.DataFrame:
    """One row a method that stands by itself and has an area on every task, best first.

    Ranked within each granularity that has two of them, in the seeds in which all have an area;
    ``n`` is the number of seeds, the smallest of its tasks. No interval (nan) with one seed, with
    fewer than :data:`LEAST_TASKS` tasks, or where the tasks' mean ranks are all the same.
    """
    rows = []
    alone = area[area["method"].isin(inputs.compared)]
    for granularity, own in alone.groupby("granularity", sort=False):
        tables = {
            str(task): table.pivot(index="method", columns="seed", values="area").dropna(how="all")
            for task, table in own.groupby("task", sort=False)
        }
        everywhere = set.intersection(*(set(one.index) for one in tables.values()))
        every = [name for name in inputs.compared if name in everywhere]
        if len(every) < 2 or len(tables) < len(inputs.tasks):
            continue
        areas = [one.loc[every].dropna(axis="columns") for one in tables.values()]
        if not all(one.shape[1] for one in areas):
            continue
        signs = [inputs.sign(task) for task in tables]
        turned = zip(signs, areas, strict=True)
        ranks = [stats.rankdata(-sign * one.to_numpy(), axis=0) for sign, one in turned]
        place = [granularity, len(every), len(ranks), min(one.shape[1] for one in ranks)]
        told = [inputs.level, "other tasks"]
        found = [
            [name, *place, *over_tasks(own, len(every), inputs.level), *told]
            for name, *own in zip(every, *ranks, strict=True)
        ]
        rows += sorted(found, key=lambda row: row[5])
    return pd.DataFrame(rows, columns=COLUMNS)


def over_tasks(ranks: list[np.ndarray], methods: int, level: float) -> tuple[float, float, float]:
    """Mean over tasks of a method's mean ranks over seeds, and its t interval within the ranks.

    The interval is nan where there is none to tell.

    Args:
        ranks: of each task, by seed.
        methods: how many are ranked.
    """
    found = summarise([float(one.mean()) for one in ranks], level)
    least = min(len(one) for one in ranks)
    if len(ranks) < LEAST_TASKS or least < 2 or found.sd < SAME:
        return found.mean, NAN, NAN
    low, high = np.clip([found.low, found.high], 1, methods)
    return found.mean, float(low), float(high)
