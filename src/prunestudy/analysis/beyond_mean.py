"""Beyond the mean: what pruning costs single classes, single rows and corrupted inputs, over seeds.

After Hooker et al. 2019. Nothing for a study of values that are no images, or of older tables.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import LEAST_SEEDS
from prunestudy.analysis.statistics import Summary, compare, summarise, summarise_ratios
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
        change: of the test quality from the dense network; its interval lies within the margin.
        loss: what is lost.
        again: the same loss, mean, where the dense network is only trained on.
        more: loss − that, seed by seed; its interval lies beyond the margin.
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
    more: Summary
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

    Rows and classes change sides in any training. So a loss of pruning is what goes beyond that of
    the dense network trained on, seed by seed: without such a baseline none is told. It is hidden
    where the interval of the quality's change lies within the margin, and a loss where its own lies
    beyond the margin; both at the level that holds for all methods, points, tasks and measures that
    are looked at.
    """
    shown = table[table["method"].isin(shown_methods(inputs))].to_dict("records")
    looked = [
        (measure, row, paired)
        for measure in (CHURN, DROP)
        for row in shown
        if len(paired := _paired(inputs, table, row, measure)) >= LEAST_SEEDS
    ]
    level = 1 - (1 - inputs.level) / max(len(looked), 1)
    every = [_hidden(inputs, *one, level) for one in looked]
    hidden = sorted((one for one in every if one), key=lambda one: -one.more.mean)
    largest = {one.measure: one for one in reversed(hidden)}
    return [largest[measure] for measure in (CHURN, DROP) if measure in largest]


def _paired(inputs: Inputs, table: pd.DataFrame, row: dict[Any, Any], measure: str) -> pd.DataFrame:
    """``change``, ``loss`` and ``again`` by seed; of several baselines the one that loses most."""
    task = row["task"]
    longer = table[(table["task"] == task) & table["method"].isin(trained_on(inputs))]
    longer = longer.sort_values(f"{measure}_mean", ascending=False)
    own = inputs.cells(task, row["method"], row["point"])
    again = [inputs.cells(task, *place) for place in longer[["method", "point"]].to_numpy()[:1]]
    if not again:
        return pd.DataFrame()
    change = own["test"] - inputs.cells(task, DENSE)["test"]
    columns = {"change": change, "loss": own[measure], "again": again[0][measure]}
    return pd.DataFrame(columns).astype(float).dropna()


def _hidden(
    inputs: Inputs, measure: str, row: dict[Any, Any], paired: pd.DataFrame, level: float
) -> Hidden | None:
    margin = inputs.margin(inputs.metric_name(row["task"]))
    none = pd.Series(0.0, paired.index)
    sides = [(paired["change"], none), (paired["loss"], none), (paired["loss"], paired["again"])]
    overlap = inputs.overlap(row["task"])
    change, loss, more = (_summary(*side, level, overlap) for side in sides)
    if not (-margin <= change.low and change.high <= margin < more.low):
        return None
    place = (row["task"], row["method"], row["point"])
    again = float(paired["again"].mean())
    return Hidden(measure, *place, margin, change, loss, again, more, row["worst_class"])


def _summary(first: pd.Series, second: pd.Series, level: float, overlap: float) -> Summary:
    found = compare(first.tolist(), second.tolist(), overlap=overlap)
    return Summary(found.n, found.mean, found.sd, *found.interval(level), level)
