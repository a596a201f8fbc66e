"""The headline as one picture: ratios and differences with their intervals, task by task."""

import altair as alt
import pandas as pd

from prunestudy.analysis.claims import claims_of
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes
from prunestudy.report.figures import Figure, Panel
from prunestudy.report.formatting import interval, listed, numbers_of_seeds, percent
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import BLUE, GREY, RING, VERMILLION
from prunestudy.report.telling import MEASURES, Measure

ROW_HEIGHT = 46
# How outcomes are drawn; what is none of these is no difference. A gain that does not outlast the
# correction is a ring; a loss is told without it.
STYLES = {
    "better": (VERMILLION, "circle"),
    "perhaps better": (VERMILLION, RING),
    "no difference": (GREY, "diamond"),
    "worse": (BLUE, "square"),
}
# An interval that goes further than this beyond its estimate ends at the panel's edge.
FURTHEST_RATIO = 4.0
SHOWN = ("task", "method", "against", "n", "estimate", "interval", "verdict")
WAYS = {"ratio": "ratio (left is better)", "difference": "difference (right is better)"}


def headline_figure(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> Figure | None:
    """The two methods of the headline: size, test quality and time, with their intervals.

    Loops that latency binds have rows of their own, each with its fastest networks.
    """
    if inputs.duel is None:
        return None
    first, second = inputs.duel
    rows = pd.concat([headline, latency], ignore_index=True)
    rows = rows[rows["second"] == second]
    panels = [_panel(inputs, rows, measure) for measure in MEASURES if len(rows)]
    if not any(panels):
        return None
    level, seeds = percent(inputs.level), numbers_of_seeds(rows["n"])
    dashed = "; the dashed line is the ratio that is claimed" if inputs.claimed else ""
    loops = (
        " Rows with the name of another method are that method's, each with its fastest network "
        "within the budget."
    )
    return Figure(
        name="headline",
        title=f"{first.capitalize()} against {second}",
        caption=(
            f"Each method's smallest network within the allowed validation drop, {first} against "
            f"{second}, paired by seed ({seeds}): geometric means of ratios and means of "
            f"differences, with {level} t intervals, which may end at the panel's edge. The grey "
            f"line is no difference{dashed}. A verdict also asks that the mean is beyond the "
            "standard deviation between seeds. Test quality is in units of the task's metric."
            f"{loops if (rows['first'] != first).any() else ''}"
        ),
        alt=(
            f"A row of marks with intervals for each task ({listed(inputs.tasks)}), one panel for "
            f"each of {listed([one.title for one in MEASURES])}: {first} against {second}. The "
            "numbers are in the table of the headline."
        ),
        panels=tuple(panel for panel in panels if panel),
        source="headline.csv",
        named=True,
        key=(
            f"● {first} is better, ○ by its interval but not once corrected for the number of "
            f"comparisons, ■ {second} is better, ◆ no difference; line: {level} t interval, "
            f"{seeds} seeds"
        ),
    )


def _panel(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> Panel | None:
    table = _table(inputs, rows, measure)
    if table.empty:
        return None
    # No difference, and the ratio that others claim.
    claim = inputs.claimed.get(measure.name)
    lines = pd.DataFrame({"mean": [measure.none, claim], "claimed": [False, True]}).dropna()
    if measure.kind == "ratio":
        reached = pd.concat([table["low"], table["high"], table["mean"], lines["mean"]])
        axis = axes.ratios(reached.dropna())
    else:
        scale = alt.Scale(nice=False, padding=18, zero=False)
        axis = {"scale": scale, "axis": alt.Axis(tickCount=5, grid=False, format="+~g")}
    x = alt.X("mean:Q", title=None, **axis)
    dashes = alt.Scale(domain=[False, True], range=[[1, 0], [4, 3]])
    dash = {"strokeDash": alt.StrokeDash("claimed:N", scale=dashes, legend=None)}
    styles = axes.styles("outcome", STYLES, legend=False)
    found = Estimates(table, x, axes.rows("row", list(table["row"])), styles, axes.tooltip(SHOWN))
    chart = layered(
        ROW_HEIGHT * len(table),
        Estimates(lines, x, None, dash).across(color=GREY),
        found.intervals("x", strokeWidth=2),
        found.points(size=110),
        found.words("estimate", dy=-13, fontSize=11),
    )
    return Panel("", f"{measure.title}, {WAYS[measure.kind]}", chart)


def _table(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The rows of a panel: estimates with their intervals, and who is better."""
    claims = claims_of(rows, measure)
    table = pd.DataFrame(
        {
            "row": [
                one.task if one.first == inputs.reference else f"{one.task}, {one.first}"
                for one in claims
            ],
            "task": [one.task for one in claims],
            "method": [one.first for one in claims],
            "against": [one.second for one in claims],
            "n": [one.n for one in claims],
            "mean": [one.estimate for one in claims],
            "estimate": [measure.write(one.estimate) for one in claims],
            "interval": [interval(one.low, one.high, measure.write) for one in claims],
            "verdict": rows[f"{measure.name}_verdict"].tolist(),
            "low": [one.low for one in claims],
            "high": [one.high for one in claims],
            "outcome": [
                one.outcome if one.outcome in STYLES else "no difference" for one in claims
            ],
        }
    ).dropna(subset=["mean"])
    if measure.kind == "ratio":
        table["low"] = table["low"].clip(lower=table["mean"] / FURTHEST_RATIO)
        table["high"] = table["high"].clip(upper=table["mean"] * FURTHEST_RATIO)
    return table
