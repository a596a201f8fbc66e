"""The source's first comparison: training curves."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.formatting import estimate, listed, numbers_of_seeds, percent, significant
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import looks

LOSS_NAMES = {"mse": "mean squared error", "cross_entropy": "cross-entropy"}
SHOWN = ("task", "method", "operating point", "epoch", "n", "validation loss")


def curve_figure(inputs: Inputs, curves: pd.DataFrame) -> Figure | None:
    """Validation loss by retraining epoch, one panel a task; none where no curve is shared."""
    methods = [name for name in inputs.methods if (curves["method"] == name).any()]
    panels = by_task(inputs.tasks, curves, lambda table: _panel(inputs, table))
    if not panels:
        return None
    points = curves.groupby("task")["point"].first()
    level, seeds = percent(inputs.level), numbers_of_seeds(curves["n"])
    return Figure(
        name="training-curves",
        title="Validation loss while pruning and retraining",
        caption=(
            "Validation loss by epoch on the way to one operating point, the middle one of those "
            f"that all of the methods reach on all seeds. Line: geometric mean over seeds ({seeds} "
            f"an epoch); band: its {level} t interval on logarithms. A closed loop prunes during "
            "its walk; of a stage that was rolled back, the next try is drawn."
        ),
        alt=(
            f"Lines of the validation loss by epoch for {listed(methods)}, one panel for each task "
            f"({listed([panel.task for panel in panels])})."
        ),
        panels=tuple(
            panel._replace(title=f"{panel.task}, {points[panel.task]}×") for panel in panels
        ),
        methods=tuple(methods),
        source="curves.csv",
        key=f"geometric mean and {level} t interval, {seeds} seeds",
    )


def _panel(inputs: Inputs, table: pd.DataFrame) -> alt.LayerChart:
    names = {"val_loss": "loss", "val_loss_low": "low", "val_loss_high": "high"}
    table = table.rename(columns={**names, "point": "operating point"})
    losses = zip(table["loss"], table["low"], table["high"], strict=True)
    table["validation loss"] = [
        estimate(mean, low, high, significant) for mean, low, high in losses
    ]
    present = [look for look in looks(inputs) if look.method in set(table["method"])]
    loss = inputs.study.tasks[table["task"].iloc[0]].loss
    found = Estimates(
        table[[*SHOWN, *names.values()]],
        alt.X("epoch:Q", title="retraining epoch", axis=alt.Axis(tickMinStep=1, grid=False)),
        alt.Y(
            "loss:Q",
            title=f"validation {LOSS_NAMES[loss]}",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(tickCount=5, grid=False),
        ),
        axes.styles("method", {look.method: look.style for look in present}),
        axes.tooltip(SHOWN),
    )
    band = found.intervals("y", kind="area", opacity=0.18)
    return layered(220, band, found.line(size=2), found.targets())
