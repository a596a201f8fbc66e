"""What is left of each layer, stage by stage, and how sensitive each layer is."""

import altair as alt
import pandas as pd

from prunestudy.analysis.decisions import loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes
from prunestudy.report.control import places
from prunestudy.report.figures import Figure, Panel, by_task
from prunestudy.report.formatting import estimate, listed, numbers_of_seeds, percent, quality
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import OTHERS

ROW_HEIGHT = 30
# Share left from which a cell is so dark that its number is white.
DARK_FROM = 0.55
CELL = {
    "layer": "layer",
    "state": "stage",
    "verdict": "verdict",
    "units": "units left",
    "left": "share of the dense width",
}


def layer_figure(inputs: Inputs, stages: pd.DataFrame) -> Figure | None:
    """A panel a task and closed loop: layers down, stages across, what is left as colour."""
    seed = inputs.study.seeds[0]
    shown = stages[stages["seed"] == seed]
    panels = tuple(
        Panel(task, title, _grid(shown[(shown["task"] == task) & (shown["method"] == method)]))
        for task, method, title in places(inputs, shown)
    )
    if not panels:
        return None
    return Figure(
        name="layers",
        title="What is left of each layer, stage by stage",
        caption=(
            f"Seed {seed}; the others are in layer_stages.csv. A column is a state that the walk "
            "went on from, the dense network first and the final network (◆) last; the number is "
            "the layer's units, the colour the share of its dense width. n = 1."
        ),
        alt=(
            f"Grids of layers by stages for {listed(loops(inputs))} on {listed(inputs.tasks)}: "
            "units left in each layer."
        ),
        panels=panels,
        source="layer_stages.csv",
    )


def _grid(table: pd.DataFrame) -> alt.LayerChart:
    layers = list(dict.fromkeys(table["layer"]))
    final = table["verdict"] == "final"
    drawn = table.assign(
        state=table["step"].astype(str).mask(final, "◆"),
        left=table["share"].map("{:.0%}".format),
    )
    order = [*map(str, range(table["step"].max())), "◆"]
    base = alt.Chart(drawn).encode(
        x=alt.X("state:O", sort=order, title="stage", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("layer:O", sort=layers, title="layer"),
        tooltip=axes.tooltip(CELL),
    )
    scale = alt.Scale(domain=[0, 1], scheme="blues")
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None))
    numbers = [
        base.transform_filter(f"datum.share {side} {DARK_FROM}")
        .mark_text(fontSize=10, color=ink)
        .encode(text="units:N")
        for side, ink in ((">", "white"), ("<=", "black"))
    ]
    return layered(ROW_HEIGHT * len(layers), [cells, *numbers])


def sensitivity_figure(inputs: Inputs, table: pd.DataFrame) -> Figure | None:
    """A panel a task: quality lost when one layer alone loses units."""
    panels = by_task(inputs.tasks, table, lambda part: _lines(inputs, part))
    if not panels:
        return None
    level, seeds = percent(inputs.level), numbers_of_seeds(table["n"])
    return Figure(
        name="layer-sensitivity",
        title="How sensitive each layer is",
        caption=(
            "Validation quality that the dense network loses when one layer alone loses a share of "
            f"its units by {table['criterion'].iloc[0]}, without retraining. Line: mean over seeds "
            f"({seeds}); band: its {level} t interval. The controller measures this first; its "
            "quotas follow from it. Lines end in the name of their layer in the network."
        ),
        alt=(
            "Lines of the quality lost by the share of units removed, one line a layer, one panel "
            f"for each task ({listed([panel.task for panel in panels])})."
        ),
        panels=panels,
        source="layer_sensitivity.csv",
        key=f"mean and {level} t interval, {seeds} seeds",
    )


def _lines(inputs: Inputs, table: pd.DataFrame) -> alt.LayerChart:
    lost = f"{inputs.metric(table['task'].iloc[0])} lost"
    layers = list(dict.fromkeys(table["layer"]))
    styles = {layer: (OTHERS[i % len(OTHERS)], "circle") for i, layer in enumerate(layers)}
    names = {"drop": "drop", "drop_low": "low", "drop_high": "high"}
    drops = zip(*(table[name] for name in names), strict=True)
    drawn = table[["layer", "ratio", "removed", "n", *names]].rename(columns=names)
    found = Estimates(
        drawn.assign(text=[estimate(mean, low, high, quality) for mean, low, high in drops]),
        alt.X(
            "removed:Q",
            title="share of the layer's units removed",
            axis=alt.Axis(format="%", tickCount=5, grid=False),
        ),
        alt.Y("drop:Q", title=f"{lost} on validation data"),
        axes.styles("layer", styles, legend=False),
        axes.tooltip({"layer": "layer", "ratio": "share removed", "n": "n", "text": lost}),
    )
    # The layer's name at the end of its line: a legend would be shared over panels.
    ends = found.where(drawn["removed"] == drawn.groupby("layer")["removed"].transform("max"))
    band = found.intervals("y", kind="area", opacity=0.18)
    names_of_layers = ends.labels("layer", align="left", dx=4, fontSize=10)
    return layered(220, band, found.line(size=2), found.targets(), names_of_layers)
