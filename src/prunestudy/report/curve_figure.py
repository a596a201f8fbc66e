"""The source's first comparison: training curves."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.axes import method_scales
from prunestudy.report.figures import Chart, Figure, Panel
from prunestudy.report.palette import looks

LOSS_NAMES = {"mse": "mean squared error", "cross_entropy": "cross-entropy"}


def curve_figure(inputs: Inputs, curves: pd.DataFrame) -> Figure | None:
    """Validation loss by retraining epoch, one panel a task; none where no curve is shared."""
    tasks = [task for task in inputs.tasks if (curves["task"] == task).any()]
    if not tasks:
        return None
    methods = [name for name in inputs.methods if (curves["method"] == name).any()]
    interval = formatting.percent(inputs.level)
    return Figure(
        name="training-curves",
        title="Validation loss while pruning and retraining",
        caption=(
            "Validation loss by epoch on the way to one operating point, the middle one of those "
            "that all of the methods reach on all seeds. Line: geometric mean over seeds "
            f"({formatting.numbers_of_seeds(curves['n'])} an epoch); band: its {interval} t interval "
            "on logarithms. A closed loop prunes during its walk; of a stage that was rolled back, "
            "the next try is drawn."
        ),
        alt=(
            f"Lines of the validation loss by epoch for {formatting.listed(methods)}, one panel for "
            f"each task ({formatting.listed(tasks)})."
        ),
        panels=tuple(
            Panel(
                task,
                _curve_title(task, curves),
                _curve_panel(inputs, curves[curves["task"] == task]),
            )
            for task in tasks
        ),
        methods=tuple(methods),
        source="curves.csv",
        key=(
            f"geometric mean and {interval} t interval, "
            f"{formatting.numbers_of_seeds(curves['n'])} seeds"
        ),
    )


def _curve_title(task: str, curves: pd.DataFrame) -> str:
    return f"{task}, {curves.loc[curves['task'] == task, 'point'].iloc[0]}×"


def _curve_panel(inputs: Inputs, table: pd.DataFrame) -> Chart:
    task = str(table["task"].iloc[0])
    colour, _shape = method_scales(
        [look for look in looks(inputs) if look.method in set(table["method"])]
    )
    table = table.assign(
        loss=table["val_loss"],
        low=table["val_loss_low"].fillna(table["val_loss"]),
        high=table["val_loss_high"].fillna(table["val_loss"]),
        text=[
            f"{formatting.significant(mean)} ({formatting.significant(low)} to "
            f"{formatting.significant(high)})"
            for mean, low, high in zip(
                table["val_loss"], table["val_loss_low"], table["val_loss_high"], strict=True
            )
        ],
    )[["task", "method", "point", "epoch", "n", "loss", "low", "high", "text"]]
    name = LOSS_NAMES[inputs.study.tasks[task].loss]
    scale = alt.Scale(type="log", nice=False)
    y = alt.Y(
        "loss:Q", title=f"validation {name}", scale=scale, axis=alt.Axis(tickCount=5, grid=False)
    )
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
