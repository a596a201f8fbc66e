"""The source's second and third comparison: number of parameters and inference time."""

from typing import Any

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.plan.plan import DENSE
from prunestudy.report import axes
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.formatting import (
    count,
    listed,
    numbers_of_seeds,
    percent,
    point_name,
    quality,
    significant,
)
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import dense_look, looks

ROW_HEIGHT = 34
# What the figures draw: a column of the choices, or the time as a share of the dense network's,
# which was measured in turns with it, so that a drift of the machine favours none.
PARAMETERS, TIME = "params", "latency_ratio_b64"
AXES: dict[str, dict[str, Any]] = {
    PARAMETERS: {"title": "parameters", "axis": alt.Axis(tickCount=4, format="~s", grid=False)},
    TIME: {
        "title": "time ÷ dense network's",
        "axis": alt.Axis(tickCount=4, format="~g", grid=False),
    },
}
SHOWN = (
    *("task", "method", "seed", "operating point", "parameters", "ms, batch 64"),
    *("validation", "budget", "test"),
)
RULE = (
    "Each method's {choice} network whose validation quality is within the task's budget, one mark "
    "a seed, one below the other; the bar is the geometric mean over seeds, the line its {level} t "
    "interval, which may end at the panel's edge. Left is better. Where no pruned network of a "
    "seed qualifies{faster}, its mark is the dense network itself."
)
TIMED = (
    " Time of a batch of 64 in ONNX Runtime on one CPU thread, as a share of the dense network's, "
    "measured in turns with it."
)


def size_figures(inputs: Inputs, smallest: pd.DataFrame, fastest: pd.DataFrame) -> list[Figure]:
    """Parameters and inference time of the smallest networks within the budget.

    Where latency binds a closed loop, also the time of each method's fastest network.
    """
    level = percent(inputs.level)
    rule = RULE.format(choice="smallest", level=level, faster="")
    fast = RULE.format(choice="fastest", level=level, faster=" or is faster") + TIMED
    parameters, time, fastest_time = (
        f"{name} within the budget"
        for name in ("Parameters needed", "Inference time", "Inference time of the fastest network")
    )
    figures = [
        _figure(inputs, smallest, "parameters-within-budget", PARAMETERS, parameters, rule),
        _figure(inputs, smallest, "time-within-budget", TIME, time, rule + TIMED),
    ]
    if inputs.bound_by_latency:
        name = "fastest-within-budget"
        figures.append(_figure(inputs, fastest, name, TIME, fastest_time, fast))
    return [figure for figure in figures if figure.panels]


def _figure(
    inputs: Inputs, chosen: pd.DataFrame, name: str, column: str, title: str, caption: str
) -> Figure:
    seeds = numbers_of_seeds(chosen.groupby(["task", "method"]).size())
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt=(
            f"{title}: a row of marks for each method ({listed(inputs.methods)}) and the dense "
            f"network, one panel for each task ({listed(inputs.tasks)})."
        ),
        panels=by_task(inputs.tasks, chosen, lambda table: _panel(inputs, table, column)),
        methods=tuple(inputs.methods),
        source="fastest_within_budget.csv" if "fastest" in name else "within_budget.csv",
        named=True,
        key=(
            f"a mark a seed, bar: geometric mean, line: its {percent(inputs.level)} t interval, "
            f"{seeds} seeds"
        ),
    )


def _panel(inputs: Inputs, chosen: pd.DataFrame, column: str) -> alt.LayerChart:
    dense = inputs.cells(chosen["task"].iloc[0], DENSE).assign(budget=float("nan"))
    seeds = _drawn(pd.concat([chosen, dense[list(chosen.columns)]]), column)
    means = pd.DataFrame(
        [
            {"method": method, "size": found.mean, "low": found.low, "high": found.high}
            for method, sizes in seeds.groupby("method", sort=False)["size"]
            for found in [summarise_ratios(sizes.tolist(), inputs.level)]
        ]
    )
    # An interval of few seeds can be orders wide; it ends where the seeds' own range is doubled.
    means["low"] = means["low"].clip(lower=seeds["size"].min() / 2)
    means["high"] = means["high"].clip(upper=seeds["size"].max() * 2)
    every = [*looks(inputs), dense_look()]
    names = [look.method for look in every]
    x = alt.X("size:Q", scale=alt.Scale(type="log", nice=False, padding=12), **AXES[column])
    y = axes.rows("method", names)
    styles = axes.styles("method", {look.method: look.style for look in every})
    found = Estimates(means, x, y, styles)
    below = {"yOffset": alt.YOffset("seed:O", scale=alt.Scale(paddingOuter=1))}
    dots = Estimates(seeds, x, y, styles, axes.tooltip(SHOWN))
    return layered(
        ROW_HEIGHT * len(names),
        found.intervals("x", strokeWidth=1.2, opacity=0.8),
        dots.points(below, size=48, opacity=0.65),
        found.ticks(thickness=2.5, size=20, opacity=1),
    )


def _drawn(chosen: pd.DataFrame, column: str) -> pd.DataFrame:
    """What is shown of every seed, with its size as a share of the dense network's or as it is."""
    return pd.DataFrame(
        {
            "task": chosen["task"],
            "method": chosen["method"],
            "seed": chosen["seed"],
            "size": 1 / chosen[TIME] if column == TIME else chosen[column],
            "operating point": chosen["point"].map(point_name),
            "parameters": chosen["params"].map(count),
            "ms, batch 64": chosen["latency_ms_b64"].map(significant),
            "validation": chosen["val"].map(quality),
            "budget": chosen["budget"].map(quality),
            "test": chosen["test"].map(quality),
        }
    ).dropna(subset=["size"])
