"""The headline as one picture: ratios and differences with their intervals, task by task."""

import altair as alt
import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.axes import cost_axis, cost_scale
from prunestudy.report.figures import HALO, WORDS, Chart, Figure, Panel
from prunestudy.report.palette import BLUE, GREY, VERMILLION
from prunestudy.report.telling import MEASURES, Measure, by_chance

ROW_HEIGHT = 46
# A circle with a hole in it.
RING = "M-1,0a1,1,0,1,0,2,0a1,1,0,1,0,-2,0ZM-0.55,0a0.55,0.55,0,1,1,1.1,0a0.55,0.55,0,1,1,-1.1,0Z"
# Who is better, and how that is drawn. A gain that does not outlast the correction is ``perhaps``
# one; a loss is told without it.
LOOKS = {
    "first": (VERMILLION, "circle"),
    "perhaps": (VERMILLION, RING),
    "neither": (GREY, "diamond"),
    "second": (BLUE, "square"),
}
# An interval that goes further than this beyond its estimate ends at the panel's edge.
FURTHEST_RATIO = 4.0
# What hovering tells.
SHOWN = ("task", "method", "against", "n", "estimate", "interval", "verdict")


def headline_figure(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> Figure | None:
    """The two methods of the headline: size, test quality and time, with their intervals.

    Loops that latency binds have rows of their own, each with its fastest networks.
    """
    if inputs.duel is None:
        return None
    first, second = inputs.duel
    own = headline[headline["second"] == second].assign(row=lambda rows: rows["task"])
    loops = latency[latency["second"] == second].assign(
        row=lambda rows: rows["task"] + ", " + rows["first"]
    )
    rows = pd.concat([own, loops], ignore_index=True)
    if rows.empty:
        return None
    claimed = inputs.claimed
    panels = tuple(
        Panel("", f"{measure.title}, {_against(measure)}", panel)
        for measure in MEASURES
        if (panel := _panel(inputs, rows, measure, claimed.get(measure.name))) is not None
    )
    level = formatting.percent(inputs.level)
    dashed = "; the dashed line is the ratio that is claimed" if claimed else ""
    extra = (
        " Rows with the name of another method are that method's, each with its fastest network "
        "within the budget."
        if len(loops)
        else ""
    )
    return Figure(
        name="headline",
        title=f"{first.capitalize()} against {second}",
        caption=(
            f"Each method's smallest network within the allowed validation drop, {first} against "
            f"{second}, paired by seed (n = {_seeds(rows)}): geometric means of ratios and means "
            f"of differences, with {level} t intervals, which may end at the panel's edge. The "
            f"grey line is no difference{dashed}. A verdict also asks that the mean is beyond the "
            f"standard deviation between seeds. Test quality is in units of the task's metric."
            f"{extra}"
        ),
        alt=(
            f"A row of marks with intervals for each task ({formatting.listed(inputs.tasks)}), one "
            f"panel for each of {formatting.listed([one.title for one in MEASURES])}: {first} against "
            f"{second}. The numbers are in the table of the headline."
        ),
        panels=panels,
        methods=(),
        source="headline.csv",
        named=True,
        key=(
            f"● {first} is better, ○ by its interval but not once corrected for the number of "
            f"comparisons, ■ {second} is better, ◆ no difference; line: {level} t interval, n = "
            f"{_seeds(rows)} seeds"
        ),
    )


def _against(measure: Measure) -> str:
    """How the two methods are set against each other, and which way is better."""
    return (
        "ratio (left is better)"
        if measure.write is formatting.ratio
        else "difference (right is better)"
    )


def _seeds(rows: pd.DataFrame) -> str:
    return formatting.numbers_of_seeds(rows["n"]).removeprefix("n = ")


def _winner(verdict: str, better: str, by_chance: bool) -> str:
    if verdict not in ("lower", "higher"):
        return "neither"
    if verdict != better:
        return "second"
    return "perhaps" if by_chance else "first"


def _panel(
    inputs: Inputs, rows: pd.DataFrame, measure: Measure, claim: float | None
) -> Chart | None:
    table = _table(inputs, rows, measure)
    if table.empty:
        return None
    lines = pd.DataFrame({"at": [measure.none], "claimed": [False]})
    if claim:
        lines.loc[1] = [claim, True]
    reached = pd.concat([table["low"], table["high"], table["mean"], lines["at"]]).dropna()
    if measure.write is formatting.ratio:
        scale, axis = cost_scale(reached), cost_axis(reached)
    else:
        scale = alt.Scale(nice=False, padding=18, zero=False)
        axis = alt.Axis(tickCount=5, grid=False, format="+~g")
    x = alt.X("mean:Q", title=None, scale=scale, axis=axis)
    y_axis = alt.Axis(ticks=False, labelPadding=8, labelLimit=180)
    y = alt.Y("row:N", sort=list(table["row"]), title=None, axis=y_axis)
    colours, shapes = zip(*LOOKS.values(), strict=True)
    colour, shape = (
        channel("better:N", scale=alt.Scale(domain=list(LOOKS), range=list(looks)), legend=None)
        for channel, looks in ((alt.Color, colours), (alt.Shape, shapes))
    )
    dashes = alt.Scale(domain=[False, True], range=[[1, 0], [4, 3]])
    rules = (
        alt.Chart(lines)
        .mark_rule(color=GREY)
        .encode(
            x=alt.X("at:Q", scale=scale),
            strokeDash=alt.StrokeDash("claimed:N", scale=dashes, legend=None),
        )
    )
    base = alt.Chart(table).encode(y=y)
    spans = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale, title=None), x2="high:Q", color=colour)
    )
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        x=x,
        color=colour,
        shape=shape,
        tooltip=[alt.Tooltip(f"{name}:N", title=name) for name in SHOWN],
    )
    # A line behind a number would strike it through; its halo has the colour of the ground.
    halo, words = (
        base.mark_text(dy=-13, fontSize=11, style=style).encode(x=x, text="estimate:N")
        for style in (HALO, WORDS)
    )
    layers = alt.layer(rules, spans, points, halo, words)
    return layers.properties(height=ROW_HEIGHT * len(table))


def _table(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The rows of a panel: estimates with their intervals, and who is better."""
    name = measure.name
    write, doubtful = measure.write, by_chance(inputs, rows, measure)
    bounds = zip(rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
    table = pd.DataFrame(
        {
            "row": rows["row"],
            "task": rows["task"],
            "method": rows["first"],
            "against": rows["second"],
            "n": rows["n"],
            "mean": rows[measure.mean],
            "estimate": rows[measure.mean].map(write),
            "interval": [formatting.interval(low, high, write) for low, high in bounds],
            "verdict": rows[f"{name}_verdict"],
            "low": rows[f"{name}_low"],
            "high": rows[f"{name}_high"],
            "better": [
                _winner(verdict, measure.better, chance)
                for verdict, chance in zip(rows[f"{name}_verdict"], doubtful, strict=True)
            ],
        }
    ).dropna(subset=["mean"])
    if measure.write is formatting.ratio:
        table["low"] = table["low"].clip(lower=table["mean"] / FURTHEST_RATIO)
        table["high"] = table["high"].clip(upper=table["mean"] * FURTHEST_RATIO)
    return table
