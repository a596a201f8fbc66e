"""What is left of each layer, stage by stage, and how sensitive each layer is."""

import altair as alt
import pandas as pd

from prunestudy.analysis.decisions import loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, words
from prunestudy.report.controller import places
from prunestudy.report.figures import Figure, Panel, by_task
from prunestudy.report.formatting import listed
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import OTHERS

ROW_HEIGHT = 30
# Share left from which a cell is so dark that its number is white.
DARK_FROM = 0.55


def layer_figure(inputs: Inputs, stages: pd.DataFrame) -> Figure | None:
    """A panel a task and closed loop: layers down, stages across, what is left as colour."""
    seed = inputs.study.seeds[0]
    shown = places(inputs, stages[stages["seed"] == seed])
    panels = [Panel(task, title, _grid(table)) for task, title, table in shown]
    none, steered = pd.Series(dtype=int), listed(loops(inputs))
    return words.figure(inputs, "layers", panels, none, seed=seed, loops=steered)


def _grid(table: pd.DataFrame) -> alt.LayerChart:
    layers = list(dict.fromkeys(table["layer"]))
    table = table.assign(stage=table["step"].astype(str).mask(table["verdict"] == "final", "◆"))
    told = words.hover("layers", table)
    order = [*map(str, range(table["step"].max())), "◆"]
    base = alt.Chart(told.assign(share=table["share"])).encode(
        x=alt.X("stage:O", sort=order, title="stage", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("layer:O", sort=layers, title="layer"),
        tooltip=axes.tooltip(told),
    )
    scale = alt.Scale(domain=[0, 1], scheme="blues")
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None))
    numbers = [
        base.transform_filter(f"datum.share {side} {DARK_FROM}")
        .mark_text(fontSize=10, color=ink)
        .encode(text="units left:N")
        for side, ink in ((">", "white"), ("<=", "black"))
    ]
    return layered(ROW_HEIGHT * len(layers), [cells, *numbers])


def sensitivity_figure(inputs: Inputs, table: pd.DataFrame) -> Figure | None:
    """A panel a task: quality lost when one layer alone loses units."""
    panels = by_task(inputs.tasks, table, lambda part: _lines(inputs, part))
    criterion = "".join(table["criterion"].head(1))
    return words.figure(inputs, "layer-sensitivity", panels, table["n"], criterion=criterion)


def _lines(inputs: Inputs, table: pd.DataFrame) -> alt.LayerChart:
    task = table["task"].iloc[0]
    lost = f"{inputs.metric(task)} {'lost' if inputs.higher_is_better(task) else 'added'}"
    layers = list(dict.fromkeys(table["layer"]))
    styles = {layer: (OTHERS[i % len(OTHERS)], "circle") for i, layer in enumerate(layers)}
    told = words.hover("layer-sensitivity", table, lost=lost)
    axis = alt.Axis(format="%", tickCount=5, grid=False)
    found = Estimates(
        told.assign(
            gone=table["removed"],
            drop=table["drop"],
            low=table["drop_low"],
            high=table["drop_high"],
        ),
        alt.X("gone:Q", title="share of the layer's units removed", axis=axis),
        alt.Y("drop:Q", title=f"{lost} on validation data"),
        axes.styles("layer", styles, legend=False),
        axes.tooltip(told),
    )
    # The layer's name at the end of its line: a legend would be shared over panels.
    last = table["removed"] == table.groupby("layer")["removed"].transform("max")
    return layered(
        220,
        found.intervals("y", kind="area", opacity=0.18),
        found.line(size=2),
        found.targets(),
        found.where(last).labels("layer", align="left", dx=4, fontSize=10),
    )
