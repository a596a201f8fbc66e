"""The source's first comparison: training curves."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, words
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import looks
from prunestudy.training.losses.settings import loss_label


def curve_figure(inputs: Inputs, curves: pd.DataFrame) -> Figure | None:
    """Validation loss by retraining epoch, one panel a task; none where no curve is shared."""
    points = curves.groupby("task")["point"].first()
    panels = by_task(inputs.tasks, curves, lambda table: _panel(inputs, table))
    titled = [panel._replace(title=f"{panel.task}, {points[panel.task]}×") for panel in panels]
    methods = [name for name in inputs.methods if (curves["method"] == name).any()]
    return words.figure(inputs, "training-curves", titled, curves["n"], methods=methods)


def _panel(inputs: Inputs, table: pd.DataFrame) -> alt.LayerChart:
    told = words.hover("training-curves", table)
    present = [look for look in looks(inputs) if look.method in set(table["method"])]
    loss = loss_label(inputs.study.tasks[table["task"].iloc[0]].loss_name)
    scale, axis = alt.Scale(type="log", nice=False), alt.Axis(tickCount=5, grid=False)
    found = Estimates(
        told.assign(
            epoch=table["epoch"],
            loss=table["val_loss"],
            low=table["val_loss_low"],
            high=table["val_loss_high"],
        ),
        alt.X("epoch:Q", title="retraining epoch", axis=alt.Axis(tickMinStep=1, grid=False)),
        alt.Y("loss:Q", title=f"validation {loss}", scale=scale, axis=axis),
        axes.styles("method", {look.method: look.style for look in present}),
        axes.tooltip(told),
    )
    band = found.intervals("y", kind="area", opacity=0.18)
    return layered(220, band, found.line(size=2), found.targets())
