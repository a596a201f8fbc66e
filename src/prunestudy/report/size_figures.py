"""The source's second and third comparison: number of parameters and inference time."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.report import formatting
from prunestudy.report.axes import method_scales
from prunestudy.report.figures import Chart, Figure, Panel
from prunestudy.report.palette import dense_look, looks
from prunestudy.store.names import DENSE

ROW_HEIGHT = 34
# What the figures draw: a column of the choices, or the time as a share of the dense network's,
# which was measured in turns with it, so that a drift of the machine favours none.
PARAMETERS, TIME = "params", "latency_ratio_b64"


def size_figures(inputs: Inputs, smallest: pd.DataFrame, fastest: pd.DataFrame) -> list[Figure]:
    """Parameters and inference time of the smallest networks within the budget.

    Where latency binds a closed loop, also the time of each method's fastest network.
    """
    rule = (
        "Each method's {choice} network whose validation quality is within the task's budget, "
        "one mark a seed, one below the other; the bar is the geometric mean over seeds, the line "
        f"its {formatting.percent(inputs.level)} t interval, which may end at the panel's edge. Left "
        "is better. Where no pruned network of a seed qualifies, its mark is the dense network "
        "itself."
    )
    timed = rule + (
        " Time of a batch of 64 in ONNX Runtime on one CPU thread, as a share of the dense "
        "network's, measured in turns with it."
    )
    time = (TIME, "time ÷ dense network's")
    figures = [
        _size_figure(
            inputs, smallest, "parameters-within-budget", PARAMETERS, "parameters",
            "Parameters needed within the budget", rule.format(choice="smallest"),
        ),
        _size_figure(
            inputs, smallest, "time-within-budget", *time,
            "Inference time within the budget", timed.format(choice="smallest"),
        ),
    ]  # fmt: skip
    if inputs.bound_by_latency:
        figure = _size_figure(
            inputs, fastest, "fastest-within-budget", *time,
            "Inference time of the fastest network within the budget",
            timed.format(choice="fastest").replace("qualifies,", "qualifies or is faster,"),
            "fastest_within_budget.csv",
        )  # fmt: skip
        figures.append(figure)
    return [figure for figure in figures if figure.panels]


def _size_figure(
    inputs: Inputs,
    chosen: pd.DataFrame,
    name: str,
    column: str,
    axis: str,
    title: str,
    caption: str,
    source: str = "within_budget.csv",
) -> Figure:
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt=(
            f"{title}: a row of marks for each method ({formatting.listed(inputs.methods)}) and the "
            f"dense network, one panel for each task ({formatting.listed(inputs.tasks)})."
        ),
        panels=tuple(
            Panel(task, task, _size_panel(inputs, chosen[chosen["task"] == task], column, axis))
            for task in inputs.tasks
            if (chosen["task"] == task).any()
        ),
        methods=tuple(inputs.methods),
        source=source,
        named=True,
        key=(
            f"a mark a seed, bar: geometric mean, line: its {formatting.percent(inputs.level)} t "
            f"interval, {formatting.numbers_of_seeds(chosen.groupby(['task', 'method']).size())} seeds"
        ),
    )


def _size_panel(inputs: Inputs, chosen: pd.DataFrame, column: str, axis: str) -> Chart:
    task = str(chosen["task"].iloc[0])
    dense = inputs.cells(task, DENSE).assign(budget=float("nan"))
    every = [*looks(inputs), dense_look()]
    colour, shape = method_scales(every)
    both = pd.concat([chosen, dense[list(chosen.columns)]])
    table = pd.DataFrame(
        {
            "task": both["task"],
            "method": both["method"],
            "seed": both["seed"],
            "size": both[column],
            "operating point": ["dense" if p == "1" else p for p in both["point"]],
            "parameters": both["params"].map(formatting.count),
            "ms, batch 64": both["latency_ms_b64"].map(formatting.significant),
            "validation": both["val"].map(formatting.quality),
            "budget": both["budget"].map(formatting.quality),
            "test": both["test"].map(formatting.quality),
        }
    ).dropna(subset=["size"])
    order = [look.method for look in every]
    if column == TIME:
        table["size"] = 1 / table["size"]
    means = pd.DataFrame(
        [
            {
                "task": name,
                "method": method,
                "size": found.mean,
                "low": found.low,
                "high": found.high,
            }
            for (name, method), sizes in table.groupby(["task", "method"], sort=False)["size"]
            for found in [summarise_ratios(sizes.tolist(), inputs.level)]
        ]
    )
    # An interval of few seeds can be orders wide; it ends where the seeds' own range is doubled.
    least, most = table["size"].min() / 2, table["size"].max() * 2
    means["low"], means["high"] = means["low"].clip(least), means["high"].clip(upper=most)
    scale = alt.Scale(type="log", nice=False, padding=12)
    x = alt.X(
        "size:Q",
        title=axis,
        scale=scale,
        axis=alt.Axis(tickCount=4, format="~s" if column == PARAMETERS else "~g", grid=False),
    )
    y = alt.Y("method:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelPadding=8))
    y_seed = alt.YOffset("seed:O", scale=alt.Scale(paddingOuter=1))
    fields = [name for name in table.columns if name not in ("size",)]
    marks = (
        alt.Chart(table)
        .mark_point(filled=True, size=48, opacity=0.65)
        .encode(
            x=x,
            y=y,
            yOffset=y_seed,
            color=colour,
            shape=shape,
            tooltip=[f"{name}:N" for name in fields],
        )
    )
    bars = (
        alt.Chart(means).mark_tick(thickness=2.5, size=20, opacity=1).encode(x=x, y=y, color=colour)
    )
    lines = (
        alt.Chart(means.dropna(subset=["low"]))
        .mark_rule(strokeWidth=1.2, opacity=0.8)
        .encode(x=alt.X("low:Q", scale=scale, title=axis), x2="high:Q", y=y, color=colour)
    )
    return alt.layer(lines, marks, bars).properties(height=ROW_HEIGHT * len(order))
