"""The trade-off curves: test quality against compression, MACs and latency."""

from dataclasses import replace

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, words
from prunestudy.report.clauses import best_quality
from prunestudy.report.figures import Figure, by_task
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import GREY, looks
from prunestudy.store.names import DENSE, FINAL

# Name of the figure → column of the cost, its axis, what the title says, what a reader picks.
COSTS = {
    "compression": ("compression", "compression (parameters, {})", "compression", "parameters"),
    "macs": ("speedup_macs", "speed-up in MACs ({})", "multiply–adds", "MACs"),
    "latency": ("latency_ratio_b64", "speed-up in latency ({})", "measured latency", "latency"),
}
# Baselines with as much effort as a method that searches.
EFFORT = ("equal_compute", "best_of_fixed")
DODGE = 4.0


def tradeoff_figures(inputs: Inputs, summary: pd.DataFrame) -> list[Figure]:
    """One figure a cost, one panel a task; the methods that stand by themselves, and of effort."""
    methods = [*inputs.compared, *(name for name in inputs.baselines if _of_effort(inputs, name))]
    figures = []
    for name, (column, axis, against, choice) in COSTS.items():
        title = f"Test quality against {against}"
        found = _figure(inputs, summary, methods, column, axis, title, f"tradeoff-{name}")
        figures += [replace(found, cost=choice)] if found else []
    return figures


def _of_effort(inputs: Inputs, name: str) -> bool:
    """Whether a baseline has the effort of a search, and so stands beside the methods."""
    return getattr(inputs.study.methods[name], "baseline", "") in EFFORT


def baselines_figure(inputs: Inputs, summary: pd.DataFrame) -> Figure | None:
    """The focus with its baselines, at the same operating point."""
    if not inputs.baselines:
        return None
    column, axis, _title, _choice = COSTS["compression"]
    title = f"What remains of {inputs.focus} beside its baselines"
    others = [name for name in inputs.baselines if not _of_effort(inputs, name)]
    methods = [inputs.focus, *others]
    return _figure(inputs, summary, methods, column, axis, title, "baselines-compression")


def _figure(
    inputs: Inputs,
    summary: pd.DataFrame,
    methods: list[str],
    column: str,
    axis: str,
    title: str,
    name: str,
) -> Figure | None:
    shown = summary[summary["method"].isin([DENSE, *methods])].dropna(subset=[f"{column}_geomean"])
    pruned = shown[shown["method"] != DENSE]
    ring = (pruned["method"] == inputs.focus) & (pruned["point"] == FINAL)
    return words.figure(
        inputs,
        "tradeoff",
        by_task(inputs.tasks, shown, lambda table: _panel(inputs, table, methods, column, axis)),
        pruned["n"],
        name,
        methods,
        title=title,
        best=best_quality(inputs),
        with_ring=ring.any(),
        with_latency=column == "latency_ratio_b64",
    )


def _panel(
    inputs: Inputs, table: pd.DataFrame, methods: list[str], column: str, axis: str
) -> alt.LayerChart:
    told, task = words.hover("tradeoff", table), table["task"].iloc[0]
    best, higher = inputs.study.tasks[task].metric_info.best, inputs.higher_is_better(task)
    drawn = told.assign(
        method=table["method"],
        order=range(len(table)),
        **{
            f"cost{end}": table[f"{column}_{part}"]
            for end, part in (("", "geomean"), (" low", "low"), (" high", "high"))
        },
        quality=table["test_mean"],
        # A t interval may go beyond what a quality can be; its text does not hide that.
        low=table["test_low"].clip(lower=None if higher else best),
        high=table["test_high"].clip(upper=best if higher else None),
        final=table["point"] == FINAL,
    )
    pruned = drawn[drawn["method"] != DENSE]
    x = alt.X("cost:Q", title=axis.format("dense ÷ pruned"), **axes.ratios(pruned["cost"]))
    scale = alt.Scale(zero=False, nice=False, padding=12)
    y = alt.Y("quality:Q", title=f"test {inputs.directed_metric(task)}", scale=scale)
    every = [look for look in looks(inputs) if look.method in methods]
    styles = axes.styles("method", {look.method: look.style for look in every})
    tooltip = axes.tooltip(told)
    dense = Estimates(drawn[drawn["method"] == DENSE], None, y, tooltip=tooltip)
    layers = [
        dense.intervals("y", kind="rect", color=GREY, opacity=0.12),
        dense.across(color=GREY, strokeDash=[5, 4], size=1.5),
    ]
    # The emphasised method is drawn last, on top.
    for place, look in sorted(enumerate(every), key=lambda item: item[1].emphasis):
        offset = (place - (len(every) - 1) / 2) * min(DODGE, 16 / len(every))
        own = pruned[pruned["method"] == look.method]
        found = Estimates(own, x, y, styles, tooltip, offset)
        curve, final = found.where(~own["final"]), found.where(own["final"])
        layers += [
            found.intervals("x", "cost low", "cost high", size=1.2, opacity=0.45),
            found.intervals("y", size=1.2, opacity=0.75),
            curve.line({"order": "order:Q"}, size=2.5 if look.emphasis else 1.3, opacity=0.9),
            curve.points(size=64 if look.emphasis else 42),
            final.points(filled=False, size=150, strokeWidth=2, shape="circle"),
        ]
    return layered(230, *layers)
