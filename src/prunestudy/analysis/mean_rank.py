"""Mean rank over tasks: how often a method is among the first, whatever the unit of the metric.

Ranks are by area, within each task and seed, 1 the best, ties their mean rank; so the mean rank is
what to expect of one run, and does not change with the number of seeds. Its interval is the t
interval of the tasks' mean ranks, in which both tasks and seeds vary: a percentile bootstrap over
three tasks and their seeds covers 79 to 88 % instead of 95 (docs/statistics.md). With a handful of
tasks the interval is wide, and no critical difference is claimed.
"""

import numpy as np
import pandas as pd
from scipy import stats

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise

COLUMNS = [
    *("method", "granularity", "methods", "tasks", "n", "mean_rank", "low", "high", "level"),
    "generalises",
]


def mean_rank(inputs: Inputs, area: pd.DataFrame) -> pd.DataFrame:
    """One row a method that stands by itself and has an area on every task, best first.

    Ranked within each granularity that has two of them; ``n`` is the number of seeds, the smallest
    of its tasks. With one task the interval is over its seeds.
    """
    rows = []
    alone = area[area["method"].isin(inputs.compared)]
    for granularity, own in alone.groupby("granularity", sort=False):
        tables = {
            str(task): table.pivot(index="method", columns="seed", values="area").dropna()
            for task, table in own.groupby("task", sort=False)
        }
        everywhere = set.intersection(*(set(one.index) for one in tables.values()))
        every = [name for name in inputs.compared if name in everywhere]
        if len(every) < 2 or len(tables) < len(inputs.tasks):
            continue
        ranks = [stats.rankdata(-one.loc[every].to_numpy(), axis=0) for one in tables.values()]
        place = [granularity, len(every), len(ranks), min(one.shape[1] for one in ranks)]
        overlap, scope = 0.0, "other tasks"
        if len(tables) == 1:
            [task] = tables
            overlap, scope = inputs.overlap(task), inputs.generalises(task)
        found = [
            [name, *place, *over_tasks(own, len(every), inputs.level, overlap), inputs.level, scope]
            for name, *own in zip(every, *ranks, strict=True)
        ]
        rows += sorted(found, key=lambda row: row[5])
    return pd.DataFrame(rows, columns=COLUMNS)


def over_tasks(
    ranks: list[np.ndarray], methods: int, level: float, overlap: float = 0.0
) -> tuple[float, float, float]:
    """Mean over tasks of a method's mean ranks over seeds, and its t interval within the ranks.

    Args:
        ranks: of each task, by seed.
        methods: how many are ranked.
    """
    values = [float(one.mean()) for one in ranks] if len(ranks) > 1 else ranks[0].tolist()
    found = summarise(values, level, overlap)
    low, high = np.clip([found.low, found.high], 1, methods)
    return found.mean, float(low), float(high)
