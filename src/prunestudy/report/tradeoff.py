"""The trade-off curves: test quality against compression, MACs and latency."""

from typing import NamedTuple

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import FINAL, Inputs
from prunestudy.plan.plan import DENSE
from prunestudy.report import axes
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.formatting import (
    estimate,
    interval,
    listed,
    numbers_of_seeds,
    percent,
    point_name,
    quality,
    ratio,
)
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import GREY, looks


class Cost(NamedTuple):
    """A cost that quality is drawn against: its column, its axis, and what a reader picks it by."""

    column: str
    axis: str
    title: str
    choice: str = ""


COSTS = {
    "tradeoff-compression": Cost(
        "compression",
        "compression (parameters, dense ÷ pruned)",
        "Test quality against compression",
        "parameters",
    ),
    "tradeoff-macs": Cost(
        "speedup_macs",
        "speed-up in MACs (dense ÷ pruned)",
        "Test quality against multiply–adds",
        "MACs",
    ),
    "tradeoff-latency": Cost(
        "latency_ratio_b64",
        "speed-up in latency (dense ÷ pruned)",
        "Test quality against measured latency",
        "latency",
    ),
}
# What hovering tells.
SHOWN = (
    *("task", "method", "operating point", "n", "test quality", "interval"),
    *("compression", "MACs speed-up", "latency ratio, batch 64"),
)
DODGE = 4.0
BEST = 1.0
LATENCY = (
    " Latency is measured in ONNX Runtime, batch 64, one CPU thread, interleaved with the dense "
    "network."
)


def tradeoff_figures(inputs: Inputs, summary: pd.DataFrame) -> list[Figure]:
    """One figure a cost, one panel a task; the methods that stand by themselves."""
    figures = [_figure(inputs, summary, name, COSTS[name], inputs.compared) for name in COSTS]
    return [figure for figure in figures if figure.panels]


def controls_figure(inputs: Inputs, summary: pd.DataFrame) -> Figure | None:
    """The reference method with its controls, at the same operating point."""
    if not inputs.controls:
        return None
    title = f"What remains of {inputs.reference} beside its controls"
    cost = COSTS["tradeoff-compression"]._replace(title=title, choice="")
    methods = [inputs.reference, *inputs.controls]
    return _figure(inputs, summary, "controls-compression", cost, methods)


def _figure(
    inputs: Inputs, summary: pd.DataFrame, name: str, cost: Cost, methods: list[str]
) -> Figure:
    drawn = _drawn(summary[summary["method"].isin([DENSE, *methods])], cost.column)
    pruned = summary[summary["method"].isin(methods)]
    level, seeds = percent(inputs.level), numbers_of_seeds(pruned["n"])
    ring = ""
    if ((pruned["method"] == inputs.reference) & (pruned["point"] == FINAL)).any():
        ring = (
            f" The ring is the network at which {inputs.reference} stopped by itself (geometric "
            "mean of the seeds); a control's ring has its shape."
        )
    return Figure(
        name=name,
        title=cost.title,
        caption=(
            f"Mean over seeds with its {level} t interval, {seeds} seeds a point; the cost is a "
            "geometric mean with its interval. Bars end at 1, the best quality, and at the panel's "
            "edge. The dashed line is the dense network with its interval. Points of one "
            f"compression are set apart by a few pixels.{ring}"
            f"{LATENCY if cost.column == 'latency_ratio_b64' else ''}"
        ),
        alt=(
            f"{cost.title}, one panel for each task ({listed(inputs.tasks)}), one line for each "
            f"method ({listed(methods)}). The numbers are in the results."
        ),
        panels=by_task(inputs.tasks, drawn, lambda table: _panel(inputs, table, cost, methods)),
        methods=tuple(methods),
        source="summary.csv",
        cost=cost.choice,
        key=f"mean and {level} t interval, {seeds} seeds",
    )


def _panel(inputs: Inputs, table: pd.DataFrame, cost: Cost, methods: list[str]) -> alt.LayerChart:
    pruned = table[table["method"] != DENSE]
    x = alt.X("cost:Q", title=cost.axis, **axes.ratios(pruned["cost"]))
    title = f"test {inputs.metric(table['task'].iloc[0])}"
    y = alt.Y("test:Q", title=title, scale=alt.Scale(zero=False, nice=False, padding=12))
    every = [look for look in looks(inputs) if look.method in methods]
    styles = axes.styles("method", {look.method: look.style for look in every})
    tooltip = axes.tooltip(SHOWN)
    dense = Estimates(table[table["method"] == DENSE], None, y, tooltip=tooltip)
    layers = [
        dense.intervals("y", kind="rect", color=GREY, opacity=0.12),
        dense.across(color=GREY, strokeDash=[5, 4], size=1.5),
    ]
    # The emphasised method is drawn last, on top.
    for place, look in sorted(enumerate(every), key=lambda item: item[1].emphasis):
        offset = (place - (len(every) - 1) / 2) * min(DODGE, 16 / len(every))
        own = pruned[pruned["method"] == look.method]
        found = Estimates(own, x, y, styles, tooltip, offset)
        curve = found.where(own["point"] != FINAL)
        layers += [
            found.intervals("x", "cost low", "cost high", size=1.2, opacity=0.45),
            found.intervals("y", size=1.2, opacity=0.75),
            curve.line({"order": "order:Q"}, size=2.5 if look.emphasis else 1.3, opacity=0.9),
            curve.points(size=64 if look.emphasis else 42),
            found.where(own["point"] == FINAL).points(
                filled=False, size=150, strokeWidth=2, shape="circle"
            ),
        ]
    return layered(230, *layers)


def _drawn(table: pd.DataFrame, column: str) -> pd.DataFrame:
    spreads = zip(table["test_mean"], table["test_sd"], strict=True)
    return pd.DataFrame(
        {
            "task": table["task"],
            "method": table["method"],
            "point": table["point"],
            "order": range(len(table)),
            "cost": table[f"{column}_geomean"],
            "cost low": table[f"{column}_low"],
            "cost high": table[f"{column}_high"],
            "test": table["test_mean"],
            "low": table["test_low"],
            # A t interval may go beyond what a quality can be; its text does not hide that.
            "high": table["test_high"].clip(upper=BEST),
            "operating point": table["point"].map(point_name),
            "test quality": [f"{quality(mean)} ± {quality(sd)} sd" for mean, sd in spreads],
            "interval": [*map(interval, table["test_low"], table["test_high"])],
            "compression": table["compression_geomean"].map(ratio),
            "MACs speed-up": table["speedup_macs_geomean"].map(ratio),
            "latency ratio, batch 64": [
                estimate(mean, low, high, ratio)
                for mean, low, high in zip(
                    *(table[f"latency_ratio_b64_{part}"] for part in ("geomean", "low", "high")),
                    strict=True,
                )
            ],
            "n": table["n"],
        }
    ).dropna(subset=["cost"])
