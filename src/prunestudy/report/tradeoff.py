"""The trade-off curves: test quality against compression, MACs and latency."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, formatting
from prunestudy.report.figures import Chart, Figure, Panel
from prunestudy.report.palette import GREY, Look, looks
from prunestudy.store.names import DENSE, FINAL

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
# What a reader picks these figures by.
COSTS = {
    "tradeoff-compression": "parameters",
    "tradeoff-macs": "MACs",
    "tradeoff-latency": "latency",
}
DODGE = 4.0
BEST = 1.0


def tradeoff_figures(inputs: Inputs, summary: pd.DataFrame) -> list[Figure]:
    """One figure an axis of cost, one panel a task; the methods that stand by themselves."""
    return [_figure(inputs, summary, name, *AXES[name], inputs.compared) for name in AXES]


def controls_figure(inputs: Inputs, summary: pd.DataFrame) -> Figure | None:
    """The reference method with its controls, at the same operating point."""
    if not inputs.controls:
        return None
    column, axis, _title = AXES["tradeoff-compression"]
    title = f"What remains of {inputs.reference} beside its controls"
    methods = [inputs.reference, *inputs.controls]
    return _figure(inputs, summary, "controls-compression", column, axis, title, methods)


def _figure(
    inputs: Inputs,
    summary: pd.DataFrame,
    name: str,
    column: str,
    axis: str,
    title: str,
    methods: list[str],
) -> Figure:
    summary = summary[summary["method"].isin([DENSE, *methods])]
    pruned = summary[summary["method"] != DENSE]
    interval = formatting.percent(inputs.level)
    loops = pruned[(pruned["point"] == FINAL) & (pruned["method"] == inputs.reference)]
    ring = (
        f" The ring is the network at which {formatting.listed(list(loops['method'].unique()))} "
        "stopped by itself (geometric mean of the seeds); a control's ring has its shape."
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
            f"{formatting.numbers_of_seeds(pruned['n'])} seeds a point; the cost is a geometric mean "
            "with its interval. Bars end at 1, the best quality, and at the panel's edge. The "
            "dashed line is the dense network with its interval. Points of one compression are set "
            f"apart by a few pixels.{ring}{measured}"
        ),
        alt=(
            f"{title}, one panel for each task ({formatting.listed(inputs.tasks)}), one line for "
            f"each method ({formatting.listed(methods)}). The numbers are in the results."
        ),
        panels=tuple(
            Panel(
                task, task, _panel(inputs, summary[summary["task"] == task], column, axis, methods)
            )
            for task in inputs.tasks
        ),
        methods=tuple(methods),
        source="summary.csv",
        cost=COSTS.get(name, ""),
        key=f"mean and {interval} t interval, {formatting.numbers_of_seeds(pruned['n'])} seeds",
    )


def _panel(
    inputs: Inputs, table: pd.DataFrame, column: str, axis: str, methods: list[str]
) -> Chart:
    task = str(table["task"].iloc[0])
    drawn = _drawn(table, column)
    dense, pruned = drawn[drawn["method"] == DENSE], drawn[drawn["method"] != DENSE]
    look = [one for one in looks(inputs) if one.method in methods]
    x = alt.X(
        "cost:Q",
        title=axis,
        scale=axes.cost_scale(pruned["cost"]),
        axis=axes.cost_axis(pruned["cost"]),
    )
    y = alt.Y(
        "test:Q",
        title=f"test {inputs.metric(task)}",
        scale=alt.Scale(zero=False, nice=False, padding=12),
    )
    layers: list[alt.Chart] = [
        alt.Chart(dense).mark_rect(color=GREY, opacity=0.12).encode(y="low:Q", y2="high:Q"),
        alt.Chart(dense)
        .mark_rule(color=GREY, strokeDash=[5, 4], size=1.5)
        .encode(y=y, tooltip=_tooltip()),
    ]
    # The emphasised method is drawn last, on top.
    for place, one in sorted(enumerate(look), key=lambda item: item[1].emphasis):
        offset = (place - (len(look) - 1) / 2) * min(DODGE, 16 / len(look))
        of_method = pruned[pruned["method"] == one.method]
        # Not every method is for every task.
        if len(of_method):
            layers += _curve(of_method, one, look, x, y, offset)
    return alt.layer(*layers).properties(height=230)


def _curve(
    table: pd.DataFrame, look: Look, every: list[Look], x: alt.X, y: alt.Y, offset: float
) -> list[alt.Chart]:
    points, final = table[table["point"] != FINAL], table[table["point"] == FINAL]
    colour, shape = axes.method_scales(every)
    size = 2.5 if look.emphasis else 1.3
    across = (
        alt.Chart(table)
        .mark_rule(size=1.2, opacity=0.45, xOffset=offset)
        .encode(x=alt.X("cost low:Q"), x2="cost high:Q", y=y, color=colour)
    )
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
        .mark_point(
            filled=False, opacity=1, size=150, strokeWidth=2, shape="circle", xOffset=offset
        )
        .encode(x=x, y=y, color=colour, tooltip=_tooltip())
    )
    return [across, bars, line, marks, *([ring] if len(final) else [])]


def _drawn(table: pd.DataFrame, column: str) -> pd.DataFrame:
    at = [f"{point}×" if point not in (FINAL, "1") else point for point in table["point"]]
    return pd.DataFrame(
        {
            "task": table["task"],
            "method": table["method"],
            "point": table["point"],
            "order": range(len(table)),
            "cost": table[f"{column}_geomean"],
            "cost low": table[f"{column}_low"].fillna(table[f"{column}_geomean"]),
            "cost high": table[f"{column}_high"].fillna(table[f"{column}_geomean"]),
            "test": table["test_mean"],
            "low": table["test_low"].fillna(table["test_mean"]),
            # A t interval may go beyond what a quality can be; its text does not hide that.
            "high": table["test_high"].fillna(table["test_mean"]).clip(upper=BEST),
            "operating point": ["dense" if point == "1" else point for point in at],
            "test quality": [
                f"{formatting.quality(mean)} ± {formatting.quality(sd)} sd"
                for mean, sd in zip(table["test_mean"], table["test_sd"], strict=True)
            ],
            "interval": [
                f"{formatting.quality(low)} to {formatting.quality(high)}"
                for low, high in zip(table["test_low"], table["test_high"], strict=True)
            ],
            "compression": table["compression_geomean"].map(formatting.ratio),
            "MACs speed-up": table["speedup_macs_geomean"].map(formatting.ratio),
            "latency ratio, batch 64": [
                f"{formatting.ratio(mean)} ({formatting.ratio(low)} to {formatting.ratio(high)})"
                for mean, low, high in zip(
                    *(table[f"latency_ratio_b64_{part}"] for part in ("geomean", "low", "high")),
                    strict=True,
                )
            ],
            "n": table["n"],
        }
    ).dropna(subset=["cost"])


def _tooltip() -> list[alt.Tooltip]:
    names = ["task", "method", "operating point", "n", "test quality", "interval"]
    names += ["compression", "MACs speed-up", "latency ratio, batch 64"]
    return [alt.Tooltip(f"{name}:N") for name in names]
