"""The headline as one picture: ratios and differences with their intervals, task by task."""

from typing import NamedTuple

import altair as alt
import pandas as pd

from prunestudy.report import wording
from prunestudy.report.axes import cost_axis, cost_scale
from prunestudy.report.figures import HALO, WORDS, Chart, Figure, Panel
from prunestudy.report.inputs import Inputs
from prunestudy.report.palette import BLUE, GREY, VERMILLION

ROW_HEIGHT = 46
FASTEST = "fastest"
# Who is better, and how that is drawn.
WINNERS = ("first", "neither", "second")
# An interval that goes further than this beyond its estimate ends at the panel's edge.
FURTHEST_RATIO = 4.0


class _Measure(NamedTuple):
    """A measure of the headline: its column, how it is written, and which verdict is better."""

    name: str
    kind: str
    title: str
    better: str
    none: float


MEASURES = (
    _Measure("params", "ratio", "parameters", "lower", 1.0),
    _Measure("test", "difference", "test quality", "higher", 0.0),
    _Measure("time", "ratio", "inference time", "lower", 1.0),
)


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
        if (panel := _panel(rows, measure, claimed.get(measure.name))) is not None
    )
    level = wording.percent(inputs.level)
    dashed = "; the dashed line is the ratio that is claimed" if claimed else ""
    extra = (
        f" Rows with the name of another method are that method's, each with its {FASTEST} network "
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
            f"A row of marks with intervals for each task ({wording.listed(inputs.tasks)}), one "
            f"panel for each of {wording.listed([one.title for one in MEASURES])}: {first} against "
            f"{second}. The numbers are in the table of the headline."
        ),
        panels=panels,
        methods=(),
        source="headline.csv",
        key=(
            f"● {first} is better, ■ {second} is better, ◆ no difference; line: {level} t "
            f"interval, n = {_seeds(rows)} seeds"
        ),
    )


def _against(measure: _Measure) -> str:
    """How the two methods are set against each other, and which way is better."""
    return "ratio (left is better)" if measure.kind == "ratio" else "difference (right is better)"


def _seeds(rows: pd.DataFrame) -> str:
    return wording.numbers_of_seeds(rows["n"]).removeprefix("n = ")


def _winner(verdict: str, better: str) -> str:
    first, neither, second = WINNERS
    if verdict not in ("lower", "higher"):
        return neither
    return first if verdict == better else second


def _panel(rows: pd.DataFrame, measure: _Measure, claim: float | None) -> Chart | None:
    name = measure.name
    ratios = measure.kind == "ratio"
    write = wording.ratio if ratios else wording.change
    table = pd.DataFrame(
        {
            "row": rows["row"],
            "task": rows["task"],
            "method": rows["first"],
            "against": rows["second"],
            "n": rows["n"],
            "mean": rows[f"{name}_{measure.kind}"],
            "low": rows[f"{name}_low"],
            "high": rows[f"{name}_high"],
            "verdict": rows[f"{name}_verdict"],
        }
    ).dropna(subset=["mean"])
    if table.empty:
        return None
    table["better"] = [_winner(verdict, measure.better) for verdict in table["verdict"]]
    table["text"] = [write(mean) for mean in table["mean"]]
    table["interval"] = [
        f"{wording.bound(low, write)} to {wording.bound(high, write)}"
        for low, high in zip(table["low"], table["high"], strict=True)
    ]
    lines = [measure.none, *([claim] if claim else [])]
    if ratios:
        table["low"] = table["low"].clip(lower=table["mean"] / FURTHEST_RATIO)
        table["high"] = table["high"].clip(upper=table["mean"] * FURTHEST_RATIO)
    order = list(table["row"])
    reached = pd.concat([table["low"], table["high"], table["mean"], pd.Series(lines)]).dropna()
    if ratios:
        scale, axis = cost_scale(reached), cost_axis(reached)
    else:
        scale = alt.Scale(nice=False, padding=18, zero=False)
        axis = alt.Axis(tickCount=5, grid=False, format="+~g")
    x = alt.X("mean:Q", title=None, scale=scale, axis=axis)
    y = alt.Y(
        "row:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelPadding=8, labelLimit=180)
    )
    colour = alt.Color(
        "better:N",
        scale=alt.Scale(domain=list(WINNERS), range=[VERMILLION, GREY, BLUE]),
        legend=None,
    )
    shape = alt.Shape(
        "better:N",
        scale=alt.Scale(domain=list(WINNERS), range=["circle", "diamond", "square"]),
        legend=None,
    )
    base = alt.Chart(table).encode(y=y, color=colour)
    marks = pd.DataFrame({"at": lines, "claimed": [False, *([True] if claim else [])]})
    rules = (
        alt.Chart(marks)
        .mark_rule(color=GREY)
        .encode(
            x=alt.X("at:Q", scale=scale),
            strokeDash=alt.StrokeDash(
                "claimed:N",
                scale=alt.Scale(domain=[False, True], range=[[1, 0], [4, 3]]),
                legend=None,
            ),
        )
    )
    spans = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale, title=None), x2="high:Q")
    )
    tooltip = [
        alt.Tooltip(f"{column}:N", title=title)
        for column, title in (
            ("task", "task"),
            ("method", "method"),
            ("against", "against"),
            ("n", "n"),
            ("text", measure.title),
            ("interval", "interval"),
            ("verdict", "verdict"),
        )
    ]
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        x=x, shape=shape, tooltip=tooltip
    )
    # A line behind a number would strike it through; its halo has the colour of the ground.
    plain = alt.Chart(table).encode(y=y, x=x, text="text:N")
    words = plain.mark_text(dy=-13, fontSize=11, style=WORDS)
    halo = plain.mark_text(dy=-13, fontSize=11, style=HALO)
    return alt.layer(rules, spans, points, halo, words).properties(height=ROW_HEIGHT * len(order))
