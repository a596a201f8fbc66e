"""Beyond the mean: worst class, churn, calibration and corrupted images against compression."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from prunestudy.analysis.beyond_mean import (
    CHURN,
    CORRUPTED,
    DROP,
    MEASURES,
    hidden_losses,
    shown_methods,
    trained_on,
)
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, words
from prunestudy.report.blocks import Block, Chart, Fold, Sentence
from prunestudy.report.figures import HALO, Figure, Panel
from prunestudy.report.formatting import MINUS, estimate, percent, point_name, quality
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import dense_look, looks
from prunestudy.store.names import DENSE, FINAL

HEIGHT = 200
# Pixels between names, for a column of a paper halves a panel's height, and between methods at one
# compression; the share of the scale that names take beyond it.
LINE, DODGE, ROOM = 18, 4.0, 0.4
SENTENCES = {CHURN: "beyond_mean.churn", DROP: "beyond_mean.worst_class_drop"}
TITLES: dict[str, list[str]] = words.WORDS["figure"]["beyond-mean"]["measures"]


def beyond_mean_section(inputs: Inputs, table: pd.DataFrame, figure: Figure | None) -> list[Block]:
    """What the mean hides, the figure, and its numbers; nothing where nothing was measured."""
    if figure is None:
        return []
    # The rest is in the file: the page stays small.
    rows = table[table["method"].isin([DENSE, *shown_methods(inputs), *trained_on(inputs)])]
    numbers = words.table("beyond_mean", rows, inputs.focus, level=percent(inputs.level))
    folded = Fold("The numbers beyond the mean", (numbers,))
    return [*_hidden(inputs, table), Chart(figure), folded]


def _hidden(inputs: Inputs, table: pd.DataFrame) -> list[Block]:
    """A sentence on the largest loss of each kind that the mean quality does not show."""
    sentences: list[Block] = []
    for one in hidden_losses(inputs, table):
        final = one.point == FINAL
        changed, lost, more = (
            estimate(each.mean, each.low, each.high, write)
            for each, write in ((one.change, _fine), (one.loss, quality), (one.more, quality))
        )
        text = words.text(
            SENTENCES[one.measure],
            place="as its final network" if final else f"at {point_name(one.point)}",
            metric=inputs.metric(one.task),
            change=changed,
            lost=lost,
            more=more,
            **{name: getattr(one, name) for name in ("task", "method", "margin", "worst_class")},
        )
        sentences.append(Sentence(text, ("beyond_mean",)))
    return sentences


def _fine(value: float) -> str:
    """A difference that is smaller than a margin, with a digit more, so that it reads as that."""
    return f"{value:+.4f}".replace("-", MINUS)


def beyond_mean_figure(inputs: Inputs, table: pd.DataFrame) -> Figure | None:
    """A panel a task and measure: the two methods of the first question, and the dense network."""
    if table.empty:
        return None
    methods = shown_methods(inputs)
    shown = table[table["method"].isin([DENSE, *methods]) & (table["point"] != FINAL)]
    panels = [
        Panel(task, f"{task}: {TITLES[measure][0]}", _panel(inputs, part, methods, measure))
        for task in inputs.tasks
        for measure in MEASURES
        if len(part := _measured(shown, task, measure))
    ]
    rising = all(inputs.higher_is_better(task) for task in inputs.tasks)
    but = ", but for corrupted images" + ("" if rising else " where more of the metric is better")
    n = shown.loc[shown["method"] != DENSE, "n"]
    drawn = [name for name in methods if (shown["method"] == name).any()]
    return words.figure(
        inputs, "beyond-mean", panels, n, methods=drawn, with_explained=True, corrupted=but
    )


def _measured(shown: pd.DataFrame, task: str, measure: str) -> pd.DataFrame:
    """The networks of a task that have a measure."""
    own = shown[shown["task"] == task]
    return own.dropna(subset=[f"{measure}_mean", "compression_geomean"])


def _panel(inputs: Inputs, table: pd.DataFrame, methods: list[str], measure: str) -> alt.LayerChart:
    metric = inputs.directed_metric(table["task"].iloc[0])
    label, title = (word.format(metric=metric) for word in TITLES[measure])
    told = words.hover("beyond-mean", table, label=label, measure=measure)
    # A t interval may go beyond what a share can be; its text does not hide that.
    least = None if measure in (DROP, CORRUPTED) else 0.0
    best = (
        inputs.study.tasks[table["task"].iloc[0]].metric_info.best if measure == CORRUPTED else 1.0
    )
    higher = measure != CORRUPTED or inputs.higher_is_better(table["task"].iloc[0])
    drawn = pd.DataFrame(
        {
            "method": table["method"],
            "cost": table["compression_geomean"],
            "value": table[f"{measure}_mean"],
            "low": table[f"{measure}_low"].clip(lower=least),
            "high": table[f"{measure}_high"].clip(upper=best if higher else None),
        }
    )
    ends = drawn[["value", "low", "high"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    low, high = float(ends.min()), float(ends.max())
    space = 0.06 * max(high - low, 1e-3)
    low, high = low - space, high + space
    pruned = drawn[drawn["method"] != DENSE]
    x = alt.X("cost:Q", title="compression", **_with_room(pruned["cost"]))
    scale = alt.Scale(domain=[low, high], nice=False)
    y = alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))
    every = [look for look in looks(inputs) if look.method in methods]
    styles = axes.styles(
        "method", {look.method: look.style for look in (*every, dense_look())}, legend=False
    )
    tooltip = axes.tooltip(told)
    dense = Estimates(drawn[drawn["method"] == DENSE], None, y)
    grey = dense_look().colour
    layers = [
        dense.intervals("y", kind="rect", color=grey, opacity=0.12),
        dense.across(color=grey, strokeDash=[5, 4], size=1.5),
    ]
    # The emphasised method is drawn last, on top.
    for place, look in sorted(enumerate(every), key=lambda item: item[1].emphasis):
        offset = (place - (len(every) - 1) / 2) * DODGE
        found = Estimates(pruned[pruned["method"] == look.method], x, y, styles, offset=offset)
        # What hovering tells belongs to points alone: the page holds every layer's rows.
        points = replace(
            found, table=found.table.join(told.drop(columns="method")), tooltip=tooltip
        )
        layers += [
            found.intervals("y", size=1.2, opacity=0.75),
            found.line(size=2.5 if look.emphasis else 1.6),
            points.points(size=50),
        ]
    named = Estimates(_ends(drawn, LINE * (high - low) / HEIGHT, high), x, y, styles)
    text = {"align": "left", "dx": 8, "fontSize": 10, "limit": 90}
    return layered(
        HEIGHT, *layers, named.labels("method", style=HALO, **text), named.labels("method", **text)
    )


def _with_room(costs: pd.Series) -> dict[str, Any]:
    """The scale of compressions, longer by the names of the lines."""
    found = axes.ratios(costs)
    first, last = found["scale"].domain
    longer = last * (last / first) ** ROOM
    return {**found, "scale": alt.Scale(type="log", domain=[first, longer], nice=False)}


def _ends(drawn: pd.DataFrame, gap: float, top: float) -> pd.DataFrame:
    """Where each line's name stands: at its end, a line of text from the next name."""
    ends = drawn.loc[drawn["cost"] == drawn.groupby("method")["cost"].transform("max")]
    ends = ends.drop_duplicates("method").sort_values("value", kind="stable")
    last = drawn["cost"].max()
    places = spread(ends["value"].tolist(), gap, top)
    # The dense network's line goes across the panel.
    return ends.assign(value=places, cost=ends["cost"].mask(ends["method"] == DENSE, last))


def spread(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Ascending values moved as little up, then down from the top, as keeps them a gap apart."""
    places = list(values)
    for one, other in pairwise(range(len(places))):
        places[other] = max(places[other], places[one] + gap)
    limit = top
    for place in reversed(range(len(places))):
        places[place] = min(places[place], limit)
        limit = places[place] - gap
    return places
