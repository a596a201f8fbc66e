"""Mean rank over tasks: how often a method is among the first, whatever the unit of the metric.

Ranks are by area, within each task and seed, 1 the best, ties their mean rank; so the mean rank is
what to expect of one run, and does not change with the number of seeds. Its interval is a bootstrap
over tasks and, within each drawn task, seeds (Efron & Tibshirani 1993). With a handful of tasks no
critical difference is claimed.
"""

import numpy as np
import pandas as pd
from scipy import stats

from prunestudy.analysis.inputs import Inputs

COLUMNS = [
    *("method", "granularity", "methods", "tasks", "n", "mean_rank", "low", "high", "level"),
]
DRAWS = 2000


def mean_rank(inputs: Inputs, area: pd.DataFrame) -> pd.DataFrame:
    """One row a method that stands by itself and has an area on every task, best first.

    Ranked within each granularity that has two of them; ``n`` is the number of seeds, the smallest
    of its tasks.
    """
    rows = []
    alone = area[area["method"].isin(inputs.compared)]
    for granularity, own in alone.groupby("granularity", sort=False):
        tables = {
            task: table.pivot(index="method", columns="seed", values="area").dropna()
            for task, table in own.groupby("task", sort=False)
        }
        every = [
            name for name in inputs.compared if all(name in one.index for one in tables.values())
        ]
        if len(every) < 2 or len(tables) < len(inputs.tasks):
            continue
        ranks = [stats.rankdata(-one.loc[every].to_numpy(), axis=0) for one in tables.values()]
        low, high = interval(ranks, inputs.level)
        n = min(one.shape[1] for one in ranks)
        means = np.mean([one.mean(axis=1) for one in ranks], axis=0)
        of_rows = zip(every, means, low, high, strict=True)
        place = [granularity, len(every), len(ranks), n]
        found = [[name, *place, *numbers, inputs.level] for name, *numbers in of_rows]
        rows += sorted(found, key=lambda row: row[5])
    return pd.DataFrame(rows, columns=COLUMNS)


def interval(ranks: list[np.ndarray], level: float) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of the mean over tasks of mean ranks over seeds, by method.

    Args:
        ranks: of each task, (methods, seeds).
    """
    random = np.random.default_rng(0)
    drawn = random.integers(len(ranks), size=(DRAWS, len(ranks)))
    means = np.zeros((DRAWS, len(ranks[0])))
    for task, own in enumerate(ranks):
        n = own.shape[1]
        # Each time that the task is drawn, seeds are drawn anew.
        draws, _places = np.nonzero(drawn == task)
        counts = random.multinomial(n, np.full(n, 1 / n), size=len(draws))
        np.add.at(means, draws, counts @ own.T / n)
    ends = np.quantile(means / len(ranks), [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return ends[0], ends[1]
