"""Columns of qualities in tables, where they are as the metric has them."""

import pandas as pd

from prunestudy.training.objective import Objective

QUALITIES = ("val", "val_before_retraining", "val_before", "val_after", "budget")


def shown(table: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """A table of a training or trajectory, its qualities turned into the metric."""
    if objective.higher_is_better:
        return table
    there = [name for name in QUALITIES if name in table]
    return table.assign(**{name: 0.0 - pd.to_numeric(table[name]) for name in there})
