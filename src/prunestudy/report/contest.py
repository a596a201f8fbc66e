"""The source's three comparisons: training curves, number of parameters, inference time."""

import altair as alt
import pandas as pd

from prunestudy.evaluation.statistics import summarise_ratios
from prunestudy.plan import DENSE
from prunestudy.report import wording
from prunestudy.report.figures import Figure
from prunestudy.report.inputs import Inputs
from prunestudy.report.palette import dense_look, looks
from prunestudy.report.tradeoff import scales

ROW_HEIGHT = 26
LOSS_NAMES = {"mse": "mean squared error", "cross_entropy": "cross-entropy"}


def curve_figure(inputs: Inputs, curves: pd.DataFrame) -> Figure | None:
    """Validation loss by retraining epoch, one panel a task; none where no curve is shared."""
    tasks = [task for task in inputs.tasks if (curves["task"] == task).any()]
    if not tasks:
        return None
    methods = [name for name in inputs.methods if (curves["method"] == name).any()]
    interval = wording.percent(inputs.level)
    return Figure(
        name="training-curves",
        title="Validation loss while pruning and retraining",
        caption=(
            "Validation loss by epoch on the way to one operating point, the middle one of those "
            "that all of the methods reach on all seeds. Line: geometric mean over seeds "
            f"({wording.numbers_of_seeds(curves['n'])} an epoch); band: its {interval} t interval "
            "on logarithms. A closed loop prunes during its walk, rolled-back stages included; "
            "an epoch spent on trials of proposals has no value of its own."
        ),
        alt=(
            f"Lines of the validation loss by epoch for {wording.listed(methods)}, one panel for "
            f"each task ({wording.listed(tasks)})."
        ),
        panels=tuple(
            (_curve_title(task, curves), _curve_panel(inputs, curves[curves["task"] == task]))
            for task in tasks
        ),
        methods=tuple(methods),
        source="curves.csv",
    )


def _curve_title(task: str, curves: pd.DataFrame) -> str:
    return f"{task}, {curves.loc[curves['task'] == task, 'point'].iloc[0]}×"


def _curve_panel(inputs: Inputs, table: pd.DataFrame) -> alt.LayerChart:
    task = str(table["task"].iloc[0])
    colour, _shape = scales([look for look in looks(inputs) if look.method in set(table["method"])])
    table = table.assign(
        loss=table["val_loss"],
        low=table["val_loss_low"].fillna(table["val_loss"]),
        high=table["val_loss_high"].fillna(table["val_loss"]),
        text=[
            f"{wording.significant(mean)} ({wording.significant(low)} to "
            f"{wording.significant(high)})"
            for mean, low, high in zip(
                table["val_loss"], table["val_loss_low"], table["val_loss_high"], strict=True
            )
        ],
    )[["task", "method", "point", "epoch", "n", "loss", "low", "high", "text"]]
    name = LOSS_NAMES[inputs.study.tasks[task].loss]
    scale = alt.Scale(type="log", nice=False)
    y = alt.Y("loss:Q", title=f"validation {name}", scale=scale, axis=alt.Axis(tickCount=5))
    x = alt.X("epoch:Q", title="retraining epoch", axis=alt.Axis(tickMinStep=1, grid=False))
    base = alt.Chart(table).encode(x=x, color=colour)
    tooltip = [
        alt.Tooltip(f"{column}:N", title=title)
        for column, title in (
            ("task", "task"),
            ("method", "method"),
            ("point", "operating point"),
            ("epoch", "epoch"),
            ("n", "n"),
            ("text", "validation loss"),
        )
    ]
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    line = base.mark_line(size=2).encode(y=y)
    # Wide invisible marks make a thin line easy to hover over.
    target = base.mark_point(size=90, opacity=0, filled=True).encode(y=y, tooltip=tooltip)
    return alt.layer(band, line, target).properties(height=220)


def size_figures(inputs: Inputs, chosen: pd.DataFrame) -> list[Figure]:
    """Parameters and inference time of the smallest networks within the budget."""
    rule = (
        "Each method's smallest network whose validation quality is within the task's budget, "
        "one mark a seed; the bar is the geometric mean of "
        f"{wording.plural(len(inputs.study.seeds), 'seed')}. Left is better. Where no pruned "
        "network of a seed qualifies, its mark is the dense network itself."
    )
    return [
        _size_figure(
            inputs, chosen, "parameters-within-budget", "params", "parameters",
            "Parameters needed within the budget", rule,
        ),
        _size_figure(
            inputs, chosen, "time-within-budget", "latency_ms_b64", "ms for a batch of 64",
            "Inference time within the budget",
            rule + " Median time in ONNX Runtime on one CPU thread.",
        ),
    ]  # fmt: skip


def _size_figure(
    inputs: Inputs,
    chosen: pd.DataFrame,
    name: str,
    column: str,
    axis: str,
    title: str,
    caption: str,
) -> Figure:
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt=(
            f"{title}: a row of marks for each method ({wording.listed(inputs.methods)}) and the "
            f"dense network, one panel for each task ({wording.listed(inputs.tasks)})."
        ),
        panels=tuple(
            (task, _size_panel(inputs, chosen[chosen["task"] == task], column, axis))
            for task in inputs.tasks
        ),
        methods=tuple(inputs.methods),
        source="within_budget.csv",
    )


def _size_panel(inputs: Inputs, chosen: pd.DataFrame, column: str, axis: str) -> alt.LayerChart:
    task = str(chosen["task"].iloc[0])
    dense = inputs.cells(task, DENSE).assign(budget=float("nan"))
    every = [*looks(inputs), dense_look()]
    colour, shape = scales(every)
    both = pd.concat([chosen, dense[list(chosen.columns)]])
    table = pd.DataFrame(
        {
            "task": both["task"],
            "method": both["method"],
            "seed": both["seed"],
            "size": both[column],
            "operating point": ["dense" if p == "1" else p for p in both["point"]],
            "parameters": both["params"].map(wording.count),
            "ms, batch 64": both["latency_ms_b64"].map(wording.significant),
            "validation": both["val"].map(wording.quality),
            "budget": both["budget"].map(wording.quality),
            "test": both["test"].map(wording.quality),
        }
    ).dropna(subset=["size"])
    means = (
        table.groupby(["task", "method"], sort=False)["size"]
        .agg(lambda sizes: summarise_ratios(sizes.tolist()).mean)
        .reset_index()
    )
    order = [look.method for look in every]
    scale = alt.Scale(type="log", nice=False, padding=12)
    x = alt.X("size:Q", title=axis, scale=scale, axis=alt.Axis(tickCount=4, format="~s"))
    y = alt.Y("method:N", sort=order, title=None, axis=alt.Axis(ticks=False, grid=True))
    fields = [name for name in table.columns if name not in ("size",)]
    marks = (
        alt.Chart(table)
        .mark_point(filled=True, size=48, opacity=0.65)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=[f"{name}:N" for name in fields])
    )
    bars = (
        alt.Chart(means).mark_tick(thickness=2.5, size=20, opacity=1).encode(x=x, y=y, color=colour)
    )
    return alt.layer(marks, bars).properties(height=ROW_HEIGHT * len(order))
