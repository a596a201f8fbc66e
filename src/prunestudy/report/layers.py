"""What is left of each layer, stage by stage, and how sensitive each layer is."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd

from prunestudy.analysis.decisions import loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.figures import Chart, Figure, Panel
from prunestudy.report.palette import OTHERS

ROW_HEIGHT = 30
# Share left from which a cell is so dark that its number is white.
DARK_FROM = 0.55


def layer_figure(inputs: Inputs, stages: pd.DataFrame) -> Figure | None:
    """A panel a task and closed loop: layers down, stages across, what is left as colour."""
    seed = inputs.study.seeds[0]
    shown = stages[stages["seed"] == seed]
    panels = [
        Panel(task, _title(inputs, task, method), _grid(table))
        for task, method, table in _places(inputs, shown)
    ]
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
            f"Grids of layers by stages for {formatting.listed(loops(inputs))} on "
            f"{formatting.listed(inputs.tasks)}: units left in each layer."
        ),
        panels=tuple(panels),
        methods=(),
        source="layer_stages.csv",
    )


def _places(inputs: Inputs, table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for task in inputs.tasks:
        for method in loops(inputs):
            part = table[(table["task"] == task) & (table["method"] == method)]
            if len(part):
                yield task, method, part


def _title(inputs: Inputs, task: str, method: str) -> str:
    return task if len(loops(inputs)) == 1 else f"{task}, {method}"


def _grid(table: pd.DataFrame) -> Chart:
    layers = list(dict.fromkeys(table["layer"]))
    last = table["step"].max()
    drawn = table.assign(
        state=[
            "◆" if verdict == "final" else str(step)
            for verdict, step in zip(table["verdict"], table["step"], strict=True)
        ],
        left=[f"{share:.0%}" for share in table["share"]],
    )
    order = [*map(str, range(last)), "◆"]
    base = alt.Chart(drawn).encode(
        x=alt.X("state:O", sort=order, title="stage", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("layer:O", sort=layers, title="layer"),
    )
    tooltip: list[Any] = [
        alt.Tooltip(f"{column}:N", title=title)
        for column, title in (
            ("layer", "layer"),
            ("state", "stage"),
            ("verdict", "verdict"),
            ("units", "units left"),
            ("left", "share of the dense width"),
        )
    ]
    scale = alt.Scale(domain=[0, 1], scheme="blues")
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=scale, legend=None), tooltip=tooltip
    )
    numbers = [
        base.transform_filter(f"datum.share {side} {DARK_FROM}")
        .mark_text(fontSize=10, color=ink)
        .encode(text="units:N", tooltip=tooltip)
        for side, ink in ((">", "white"), ("<=", "black"))
    ]
    return alt.layer(cells, *numbers).properties(height=ROW_HEIGHT * len(layers))


def sensitivity_figure(inputs: Inputs, table: pd.DataFrame) -> Figure | None:
    """A panel a task: quality lost when one layer alone loses units."""
    tasks = [task for task in inputs.tasks if (table["task"] == task).any()]
    if not tasks:
        return None
    interval = formatting.percent(inputs.level)
    criterion = str(table["criterion"].iloc[0])
    return Figure(
        name="layer-sensitivity",
        title="How sensitive each layer is",
        caption=(
            "Validation quality that the dense network loses when one layer alone loses a share of "
            f"its units by {criterion}, without retraining. Line: mean over seeds "
            f"({formatting.numbers_of_seeds(table['n'])}); band: its {interval} t interval. The "
            "controller measures this first; its quotas follow from it. Lines end in the name of "
            "their layer in the network."
        ),
        alt=(
            "Lines of the quality lost by the share of units removed, one line a layer, one panel "
            f"for each task ({formatting.listed(tasks)})."
        ),
        panels=tuple(
            Panel(task, task, _lines(table[table["task"] == task], inputs.metric(task)))
            for task in tasks
        ),
        methods=(),
        source="layer_sensitivity.csv",
        key=f"mean and {interval} t interval, {formatting.numbers_of_seeds(table['n'])} seeds",
    )


def _lines(table: pd.DataFrame, metric: str) -> Chart:
    layers = list(dict.fromkeys(table["layer"]))
    gone = pd.Series([float(text.rstrip("%")) / 100 for text in table["ratio"]], table.index)
    drawn = table.assign(
        gone=gone,
        last=gone == gone.groupby(table["layer"]).transform("max"),
        low=table["drop_low"].fillna(table["drop"]),
        high=table["drop_high"].fillna(table["drop"]),
        text=[
            f"{formatting.quality(mean)} ({formatting.quality(low)} to {formatting.quality(high)})"
            for mean, low, high in zip(
                table["drop"], table["drop_low"], table["drop_high"], strict=True
            )
        ],
    )[["layer", "ratio", "gone", "last", "drop", "low", "high", "n", "text"]]
    colour = alt.Color(
        "layer:N",
        sort=layers,
        scale=alt.Scale(domain=layers, range=[OTHERS[i % len(OTHERS)] for i in range(len(layers))]),
        legend=None,
    )
    x = alt.X(
        "gone:Q",
        title="share of the layer's units removed",
        axis=alt.Axis(format="%", tickCount=5, grid=False),
    )
    base = alt.Chart(drawn).encode(x=x, color=colour)
    title = f"{metric} lost on validation data"
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    line = base.mark_line(size=2).encode(y=alt.Y("drop:Q", title=title))
    tooltip = [
        alt.Tooltip(f"{column}:N", title=name)
        for column, name in (
            ("layer", "layer"),
            ("ratio", "share removed"),
            ("n", "n"),
            ("text", f"{metric} lost"),
        )
    ]
    target = base.mark_point(size=90, opacity=0, filled=True).encode(y="drop:Q", tooltip=tooltip)
    # The layer's name at the end of its line: a legend would be shared over panels.
    ends = base.transform_filter("datum.last").mark_text(align="left", dx=4, fontSize=10)
    return alt.layer(band, line, target, ends.encode(y="drop:Q", text="layer:N")).properties(
        height=220
    )
