"""Beyond the mean: what pruning costs single classes, single rows and corrupted inputs, over seeds.

After Hooker et al. 2019. Nothing for a study of values that are no images, or of older tables.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import Summary, summarise, summarise_ratios
from prunestudy.analysis.summaries import flat, places
from prunestudy.pruning.settings import Baseline
from prunestudy.store.names import DENSE

DROP, CHURN, CORRUPTED = "worst_class_drop", "churn", "corrupted"
MEASURES = (DROP, CHURN, "calibration_error", CORRUPTED)
# The baseline that trains the dense network on.
LONGER = "dense_longer"
PLACE = ("task", "method", "point", "n", "level")


@dataclass(frozen=True)
class Hidden:
    """A loss that the mean quality does not show.

    Attributes:
        measure: ``churn`` or ``worst_class_drop``.
        change: of the test quality from the dense network; its mean is within the margin.
        loss: what is lost; its interval lies beyond the margin and ``again``.
        again: the same loss, mean, where the dense network is only trained on; 0 if none was.
        worst_class: label of the class that lost most on most seeds.
    """

    measure: str
    task: str
    method: str
    point: str
    margin: float
    change: Summary
    loss: Summary
    again: float
    worst_class: str


def beyond_mean(inputs: Inputs) -> pd.DataFrame:
    """One row a (task, method, operating point): means, spreads and intervals over seeds.

    ``worst_class`` is the label that comes up most often, ``worst_class_seeds`` on how many seeds.
    """
    rows = [
        {**place, "n": len(at), "level": inputs.level, **_row(inputs, place["task"], at)}
        for place, at in places(inputs)
        if at.reindex(columns=MEASURES).notna().any(axis=None)
    ]
    return pd.DataFrame(rows, columns=None if rows else [*PLACE])


def _row(inputs: Inputs, task: str, at: pd.DataFrame) -> dict[str, Any]:
    scope = (inputs.level, inputs.overlap(task))
    ratios = at["compression"].dropna().tolist()
    row: dict[str, Any] = flat("compression", summarise_ratios(ratios, *scope), "geomean")
    dense = inputs.cells(task, DENSE)["test"].reindex(at.index)
    row |= flat("test_change", summarise((at["test"] - dense).tolist(), *scope))
    single = [name for name in map(str, at) if name.startswith(f"{CORRUPTED}_")]
    for name in (*MEASURES, *single):
        row |= flat(name, summarise(at[name].dropna().tolist(), *scope))
    # Of labels that come up as often, the first by name.
    found = Counter(sorted(at["worst_class"].dropna().astype(str))).most_common(1)
    label, seeds = found[0] if found else ("", 0)
    return row | {"worst_class": label, "worst_class_seeds": seeds}


def shown_methods(inputs: Inputs) -> list[str]:
    """The focus, and what the first question compares it with."""
    against = [question.against for question in inputs.questions[:1]]
    return [name for name in inputs.methods if name in (inputs.focus, *against)]


def trained_on(inputs: Inputs) -> list[str]:
    """Baselines that train the dense network on: what no pruning is behind."""
    methods = inputs.study.methods.items()
    return [name for name, one in methods if isinstance(one, Baseline) and one.baseline == LONGER]


def hidden_losses(inputs: Inputs, table: pd.DataFrame) -> list[Hidden]:
    """Of churn and of the worst class, the largest loss that the mean quality hides.

    The quality differs from the dense network's by less than the margin; the loss, by its whole
    interval, is beyond the margin and what training on alone would cost, since rows and classes
    change sides in any training. Networks of one seed have no interval.
    """
    found = []
    longer = table[table["method"].isin(trained_on(inputs))]
    rows = table[table["method"].isin([*shown_methods(inputs)])].to_dict("records")
    for measure in (CHURN, DROP):
        means = longer.groupby("task")[f"{measure}_mean"].max()
        every = [_hidden(inputs, measure, row, means.get(row["task"], 0.0)) for row in rows]
        hidden = [one for one in every if one is not None]
        found += sorted(hidden, key=lambda one: -one.loss.mean)[:1]
    return found


def _hidden(inputs: Inputs, measure: str, row: dict[Any, Any], again: float) -> Hidden | None:
    margin = inputs.margin(inputs.study.tasks[row["task"]].metric)
    change, loss = (_summary(row, name) for name in ("test_change", measure))
    if not (abs(change.mean) < margin and loss.low > max(margin, again)):
        return None
    place = (row["task"], row["method"], row["point"])
    return Hidden(measure, *place, margin, change, loss, again, row["worst_class"])


def _summary(row: dict[Any, Any], name: str) -> Summary:
    mean, sd, low, high = (row[f"{name}_{part}"] for part in ("mean", "sd", "low", "high"))
    return Summary(row["n"], mean, sd, low, high, row["level"])
