"""Overview: what each method's smallest network within the budget costs and is worth."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise, summarise_ratios
from prunestudy.analysis.summaries import flat
from prunestudy.store.names import DENSE

RATIOS = ("compression", "speedup_macs", "latency_ratio_b64")
PLACE = ["task", "method", "n", "pruned", "level", "generalises"]


def overview(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, method), the dense network first: means and intervals over seeds.

    Ratios are dense ÷ chosen network, geometric means; ``pruned`` counts the seeds in which that is
    a pruned one. ``test`` is its test quality.

    Args:
        chosen: each run's smallest network within the budget.
    """
    rows = []
    for task in inputs.tasks:
        dense, own = inputs.cells(task, DENSE), chosen[chosen["task"] == task]
        networks = {DENSE: dense} | dict(list(own.groupby("method", sort=False)))
        scope = (inputs.level, inputs.overlap(task))
        for method, at in networks.items():
            row = dict(zip(PLACE, [task, method, len(at)], strict=False))
            row |= {"pruned": int((at["point"] != "1").sum()), "level": inputs.level}
            row |= {"generalises": inputs.generalises(task)}
            row |= flat("test", summarise(at["test"].tolist(), *scope))
            for name in RATIOS:
                row |= flat(name, summarise_ratios(at[name].dropna().tolist(), *scope), "geomean")
            rows.append(row)
    return pd.DataFrame(rows, columns=None if rows else PLACE)
