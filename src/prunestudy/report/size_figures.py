"""Size within the budget, and the time of the fastest networks within it."""

from collections.abc import Callable

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import TIME
from prunestudy.report import axes, words
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.formatting import ratio
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import GREY, looks

ROW_HEIGHT = 34
# For the words on the right.
ROOM = 38
SIDES = ("first", "second")


def size_figure(inputs: Inputs, sizes: pd.DataFrame, within: pd.DataFrame) -> Figure | None:
    """Parameters at which each method leaves the budget, seed by seed.

    Args:
        within: their means over seeds, by task and method.
    """
    names = {"params": "value", "params_low": "low", "params_high": "high"}

    def draw(own: pd.DataFrame) -> alt.LayerChart:
        held = own.groupby("method")["held"]
        beside = held.sum().astype(str) + " of " + held.size().astype(str)
        x = _log("parameters", "~s")
        means = _of(within, own, names)
        return layered(*_rows(inputs, "size", own, own["params"], means, beside, x))

    return _figure(inputs, "size", sizes[sizes["params"] > 0], draw)


def fastest_figure(
    inputs: Inputs, fastest: pd.DataFrame, times: pd.DataFrame, comparisons: pd.DataFrame
) -> Figure | None:
    """Time of the networks whose time is compared, as a share of the dense one's.

    That was measured in turns with them, so that a drift of the machine favours none.

    Args:
        times: their means over seeds, by task and method.
    """
    names = {"time": "value", "low": "low", "high": "high", "realised": "realised"}
    timed = comparisons[comparisons["measure"] == TIME.name]
    places = {(row["task"], row[side]) for row in timed.to_dict("records") for side in SIDES}
    there = [place in places for place in zip(fastest["task"], fastest["method"], strict=True)]
    shown = fastest[pd.Series(there, index=fastest.index, dtype=bool)]

    def draw(own: pd.DataFrame) -> alt.LayerChart:
        means = _of(times, own, names)
        beside = means.set_index("method")["realised"].map(ratio)
        x = _log("time ÷ dense network's", "~g")
        dense = Estimates(pd.DataFrame({"value": [1.0]}), x, None)
        values = 1 / own["latency_ratio_b64"]
        height, *layers = _rows(inputs, "fastest", own, values, means, beside, x)
        return layered(height, dense.across(color=GREY, strokeDash=[5, 4]), *layers)

    return _figure(inputs, "fastest", shown[shown["latency_ratio_b64"] > 0], draw)


def _of(summary: pd.DataFrame, own: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The rows of a summary over seeds that are of a panel's task and methods."""
    there = (summary["task"] == own["task"].iloc[0]) & summary["method"].isin(own["method"])
    return summary.loc[there, ["method", *names]].rename(columns=names)


def _log(title: str, number: str) -> alt.X:
    axis = alt.Axis(tickCount=4, format=number, grid=False)
    scale = alt.Scale(type="log", nice=False, padding=ROOM)
    return alt.X("value:Q", title=title, scale=scale, axis=axis)


def _figure(
    inputs: Inputs, name: str, shown: pd.DataFrame, draw: Callable[[pd.DataFrame], alt.LayerChart]
) -> Figure | None:
    methods = [name for name in inputs.methods if (shown["method"] == name).any()]
    return words.figure(
        inputs,
        name,
        by_task(inputs.tasks, shown, draw),
        shown.groupby(["task", "method"]).size(),
        f"{name}-within-budget",
        methods,
        named=True,
    )


def _rows(
    inputs: Inputs,
    template: str,
    own: pd.DataFrame,
    values: pd.Series,
    means: pd.DataFrame,
    beside: pd.Series,
    x: alt.X,
) -> tuple[float, list[alt.Chart], list[alt.Chart], list[alt.Chart], list[alt.Chart]]:
    """The height of a panel and its layers: a row a method, with a mark a seed."""
    told = words.hover(template, own)
    seeds = told.assign(value=values, seed=own["seed"])
    means = means.assign(beside=means["method"].map(beside))
    # An interval of few seeds can be orders wide; it ends where the seeds' own range is doubled.
    means["low"] = means["low"].clip(lower=values.min() / 2)
    means["high"] = means["high"].clip(upper=values.max() * 2)
    every = [look for look in looks(inputs) if look.method in set(own["method"])]
    y = axes.rows("method", [look.method for look in every])
    styles = axes.styles("method", {look.method: look.style for look in every})
    found = Estimates(means, x, y, styles)
    below = {"yOffset": alt.YOffset("seed:O", scale=alt.Scale(paddingOuter=1))}
    return (
        ROW_HEIGHT * len(every),
        found.intervals("x", strokeWidth=1.2, opacity=0.8),
        Estimates(seeds, x, y, styles, axes.tooltip(told)).points(below, size=48, opacity=0.65),
        found.where(means["low"].notna()).ticks(thickness=2.5, size=20, opacity=1),
        found.words("beside", x="width", align="right", fontSize=10),
    )
