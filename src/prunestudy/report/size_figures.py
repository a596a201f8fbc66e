"""The source's second and third comparison: number of parameters and inference time."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.report import axes, words
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import dense_look, looks
from prunestudy.store.names import DENSE

ROW_HEIGHT = 34
# What the figures draw: a column of the choices, or the time as a share of the dense network's,
# which was measured in turns with it, so that a drift of the machine favours none.
PARAMETERS, TIME = "params", "latency_ratio_b64"
AXES = {PARAMETERS: ("parameters", "~s"), TIME: ("time ÷ dense network's", "~g")}


def size_figures(inputs: Inputs, smallest: pd.DataFrame, fastest: pd.DataFrame) -> list[Figure]:
    """Parameters and inference time of the smallest networks within the budget.

    Where latency binds a closed loop, also the time of each method's fastest network.
    """
    figures = [
        _figure(inputs, smallest, "parameters", PARAMETERS, "Parameters needed"),
        _figure(inputs, smallest, "time", TIME, "Inference time"),
    ]
    if inputs.bound_by_latency:
        title = "Inference time of the fastest network"
        figures.append(_figure(inputs, fastest, "fastest", TIME, title))
    return [figure for figure in figures if figure]


def _figure(
    inputs: Inputs, chosen: pd.DataFrame, name: str, column: str, title: str
) -> Figure | None:
    is_fastest = name == "fastest"
    return words.figure(
        inputs,
        "size",
        by_task(inputs.tasks, chosen, lambda table: _panel(inputs, table, column)),
        chosen.groupby(["task", "method"]).size(),
        f"{name}-within-budget",
        inputs.methods,
        named=True,
        title=title,
        choice="fastest" if is_fastest else "smallest",
        source="fastest_within_budget.csv" if is_fastest else "within_budget.csv",
        with_faster=is_fastest,
        with_timed=column == TIME,
    )


def _panel(inputs: Inputs, chosen: pd.DataFrame, column: str) -> alt.LayerChart:
    dense = inputs.cells(chosen["task"].iloc[0], DENSE).assign(budget=float("nan"))
    both = pd.concat([chosen, dense[list(chosen.columns)]], ignore_index=True)
    both = both[both[column].between(0, float("inf"), inclusive="neither")]
    told = words.hover("size", both)
    sizes = 1 / both[TIME] if column == TIME else both[column]
    seeds = told.assign(size=sizes, seed=both["seed"])
    means = pd.DataFrame(
        [
            {"method": method, "size": found.mean, "low": found.low, "high": found.high}
            for method, own in seeds.groupby("method", sort=False)["size"]
            for found in [summarise_ratios(own.tolist(), inputs.level)]
        ],
        columns=["method", "size", "low", "high"],
    )
    # An interval of few seeds can be orders wide; it ends where the seeds' own range is doubled.
    means["low"] = means["low"].clip(lower=sizes.min() / 2)
    means["high"] = means["high"].clip(upper=sizes.max() * 2)
    every = [*looks(inputs), dense_look()]
    names = [look.method for look in every]
    title, number = AXES[column]
    axis = alt.Axis(tickCount=4, format=number, grid=False)
    scale = alt.Scale(type="log", nice=False, padding=12)
    x = alt.X("size:Q", title=title, scale=scale, axis=axis)
    y = axes.rows("method", names)
    styles = axes.styles("method", {look.method: look.style for look in every})
    found = Estimates(means, x, y, styles)
    below = {"yOffset": alt.YOffset("seed:O", scale=alt.Scale(paddingOuter=1))}
    dots = Estimates(seeds, x, y, styles, axes.tooltip(told))
    return layered(
        ROW_HEIGHT * len(names),
        found.intervals("x", strokeWidth=1.2, opacity=0.8),
        dots.points(below, size=48, opacity=0.65),
        found.where(means["low"].notna()).ticks(thickness=2.5, size=20, opacity=1),
    )
