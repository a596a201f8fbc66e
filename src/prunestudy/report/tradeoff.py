"""The trade-off curves: test quality against compression, MACs and latency."""

import altair as alt
import pandas as pd

from prunestudy.plan import DENSE
from prunestudy.report import wording
from prunestudy.report.figures import Figure
from prunestudy.report.inputs import FINAL, Inputs
from prunestudy.report.palette import GREY, Look, looks

# Figure name → (column of the summary, title of the axis, what the title says).
AXES = {
    "tradeoff-compression": (
        "compression",
        "compression (parameters, dense ÷ pruned)",
        "Test quality against compression",
    ),
    "tradeoff-macs": (
        "speedup_macs",
        "speed-up in MACs (dense ÷ pruned)",
        "Test quality against multiply–adds",
    ),
    "tradeoff-latency": (
        "latency_ratio_b64",
        "speed-up in latency (dense ÷ pruned)",
        "Test quality against measured latency",
    ),
}
DODGE = 4.0


def tradeoff_figures(inputs: Inputs, summary: pd.DataFrame) -> list[Figure]:
    """One figure an axis of cost, one panel a task."""
    return [_figure(inputs, summary, name) for name in AXES]


def _figure(inputs: Inputs, summary: pd.DataFrame, name: str) -> Figure:
    column, axis, title = AXES[name]
    pruned = summary[summary["method"] != DENSE]
    interval = wording.percent(inputs.level)
    loops = pruned[pruned["point"] == FINAL]
    ring = (
        f" The ring is the network at which {wording.listed(list(loops['method'].unique()))} "
        "stopped by itself (geometric mean of the seeds)."
        if len(loops)
        else ""
    )
    measured = (
        " Latency is measured in ONNX Runtime, batch 64, one CPU thread, interleaved with the "
        "dense network."
        if column == "latency_ratio_b64"
        else ""
    )
    return Figure(
        name=name,
        title=title,
        caption=(
            f"Mean over seeds with its {interval} t interval, "
            f"{wording.numbers_of_seeds(pruned['n'])} seeds a point; the cost is a geometric mean. "
            "The dashed line is the dense network with its interval. Points of one compression "
            f"are set apart by a few pixels.{ring}{measured}"
        ),
        alt=(
            f"{title}, one panel for each task ({wording.listed(inputs.tasks)}), one line for "
            f"each method ({wording.listed(inputs.methods)}). The numbers are in the results."
        ),
        panels=tuple(
            (task, _panel(inputs, summary[summary["task"] == task], column, axis))
            for task in inputs.tasks
        ),
        methods=tuple(inputs.methods),
        source="summary.csv",
    )


def _panel(inputs: Inputs, table: pd.DataFrame, column: str, axis: str) -> alt.LayerChart:
    task = str(table["task"].iloc[0])
    drawn = _drawn(table, column)
    dense, pruned = drawn[drawn["method"] == DENSE], drawn[drawn["method"] != DENSE]
    look = looks(inputs)
    x = alt.X("cost:Q", title=axis, scale=_scale(pruned["cost"]), axis=_axis(pruned["cost"]))
    y = alt.Y("test:Q", title=f"test {inputs.metric(task)}", scale=alt.Scale(zero=False, nice=True))
    layers: list[alt.Chart] = [
        alt.Chart(dense).mark_rect(color=GREY, opacity=0.12).encode(y="low:Q", y2="high:Q"),
        alt.Chart(dense)
        .mark_rule(color=GREY, strokeDash=[5, 4], size=1.5)
        .encode(y=y, tooltip=_tooltip()),
    ]
    # The emphasised method is drawn last, on top.
    for place, one in sorted(enumerate(look), key=lambda item: item[1].emphasis):
        offset = (place - (len(look) - 1) / 2) * min(DODGE, 16 / len(look))
        layers += _curve(pruned[pruned["method"] == one.method], one, look, x, y, offset)
    return alt.layer(*layers).properties(height=230)


def _curve(
    table: pd.DataFrame, look: Look, every: list[Look], x: alt.X, y: alt.Y, offset: float
) -> list[alt.Chart]:
    points, final = table[table["point"] != FINAL], table[table["point"] == FINAL]
    colour, shape = scales(every)
    size = 2.5 if look.emphasis else 1.3
    line = (
        alt.Chart(points)
        .mark_line(size=size, opacity=0.9, xOffset=offset)
        .encode(x=x, y=y, color=colour, order="order:Q")
    )
    bars = (
        alt.Chart(table)
        .mark_rule(size=1.2, opacity=0.75, xOffset=offset)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour)
    )
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, opacity=1, size=64 if look.emphasis else 42, xOffset=offset)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=_tooltip())
    )
    ring = (
        alt.Chart(final)
        .mark_point(filled=False, opacity=1, size=150, strokeWidth=2, shape="circle")
        .encode(x=x, y=y, color=colour, tooltip=_tooltip())
    )
    return [bars, line, marks, *([ring] if len(final) else [])]


def scales(every: list[Look]) -> tuple[alt.Color, alt.Shape]:
    """The colour and shape of methods, with one legend for both."""
    names = [look.method for look in every]
    colours, shapes = [look.colour for look in every], [look.shape for look in every]
    return (
        alt.Color("method:N", scale=alt.Scale(domain=names, range=colours), title=None),
        alt.Shape("method:N", scale=alt.Scale(domain=names, range=shapes), title=None),
    )


def _drawn(table: pd.DataFrame, column: str) -> pd.DataFrame:
    at = [f"{point}×" if point not in (FINAL, "1") else point for point in table["point"]]
    return pd.DataFrame(
        {
            "task": table["task"],
            "method": table["method"],
            "point": table["point"],
            "order": range(len(table)),
            "cost": table[f"{column}_geomean"],
            "test": table["test_mean"],
            "low": table["test_low"].fillna(table["test_mean"]),
            "high": table["test_high"].fillna(table["test_mean"]),
            "operating point": ["dense" if point == "1" else point for point in at],
            "test quality": [
                f"{wording.quality(mean)} ± {wording.quality(sd)} sd"
                for mean, sd in zip(table["test_mean"], table["test_sd"], strict=True)
            ],
            "interval": [
                f"{wording.quality(low)} to {wording.quality(high)}"
                for low, high in zip(table["test_low"], table["test_high"], strict=True)
            ],
            "compression": table["compression_geomean"].map(wording.ratio),
            "MACs speed-up": table["speedup_macs_geomean"].map(wording.ratio),
            "latency ratio, batch 64": table["latency_ratio_b64_geomean"].map(wording.ratio),
            "n": table["n"],
        }
    ).dropna(subset=["cost"])


def _tooltip() -> list[alt.Tooltip]:
    names = ["task", "method", "operating point", "n", "test quality", "interval"]
    names += ["compression", "MACs speed-up", "latency ratio, batch 64"]
    return [alt.Tooltip(f"{name}:N") for name in names]


def _scale(values: pd.Series) -> alt.Scale:
    low, high = _range(values)
    return alt.Scale(type="log", domain=[low / 1.12, high * 1.12], nice=False)


def _axis(values: pd.Series) -> alt.Axis:
    low, high = _range(values)
    ticks = [2**power for power in range(-10, 18) if low / 1.12 <= 2**power <= high * 1.12]
    if len(ticks) < 3:
        nice = (0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
        ticks = [tick for tick in nice if low / 1.12 <= tick <= high * 1.12]
    return alt.Axis(values=ticks, labelExpr="format(datum.value, '~r') + '×'", grid=False)


def _range(values: pd.Series) -> tuple[float, float]:
    present = values.dropna()
    return (float(present.min()), float(present.max())) if len(present) else (1.0, 2.0)
