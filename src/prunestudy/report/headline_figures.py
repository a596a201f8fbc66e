"""The headline as pictures: ratios and differences with their intervals, task by task."""

from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd

from prunestudy.analysis.budget import MEASURES, Measure
from prunestudy.analysis.claims import claims_of, of_pair
from prunestudy.analysis.inputs import Inputs
from prunestudy.params.report_settings import Question
from prunestudy.report import axes, words
from prunestudy.report.clauses import SAID, writer
from prunestudy.report.figures import Figure, Panel
from prunestudy.report.formatting import listed
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import BLUE, GREY, RING, VERMILLION

ROW_HEIGHT = 46
UNKNOWN = "no verdict"
# How outcomes are drawn; what lies within the spread is no difference. A gain that does not
# outlast the correction is a ring; a loss is told without it.
STYLES = {
    "better": (VERMILLION, "circle"),
    "perhaps better": (VERMILLION, RING),
    "no difference": (GREY, "diamond"),
    "worse": (BLUE, "square"),
    UNKNOWN: (GREY, "cross"),
}
# An interval that goes further than this beyond its estimate ends at the panel's edge.
FURTHEST_RATIO = 4.0
SIDES = {"ratio": "ratio (left is better)", "difference": "difference (right is better)"}


def headline_figures(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> list[Figure]:
    """A figure a question: size, test quality and time, with their intervals.

    Loops that latency binds have rows of their own in the first, each with its fastest networks.
    """
    figures: list[Figure | None] = []
    for question in inputs.questions:
        rows = of_pair(headline, *question.pair)
        name = "headline" if not figures else f"headline-{'-'.join(question.pair)}"
        if not figures:
            loops = latency[latency["first"] != question.method]
            loops = loops[loops["second"] == question.against]
            rows = pd.concat([rows, loops], ignore_index=True)
        figures.append(_figure(inputs, question, rows, name))
    return [figure for figure in figures if figure]


def _figure(inputs: Inputs, question: Question, rows: pd.DataFrame, name: str) -> Figure | None:
    panels = [_panel(question, rows, measure) for measure in MEASURES]
    first, second = question.pair
    return words.figure(
        inputs,
        "headline",
        [panel for panel in panels if panel],
        rows["n"],
        name,
        named=True,
        first=first,
        First=first.capitalize(),
        second=second,
        tasks=listed(inputs.tasks),
        with_claimed=bool(question.claimed),
        with_loops=(rows["first"] != first).any(),
        with_unknown=(rows["n"] == 1).any(),
    )


def _panel(question: Question, rows: pd.DataFrame, measure: Measure) -> Panel | None:
    rows = rows.dropna(subset=[measure.mean])
    if rows.empty:
        return None
    drawn, told = _drawn(question, rows, measure)
    # No difference, and the ratio that others claim.
    claim = question.claimed.get(measure.name)
    lines = pd.DataFrame({"mean": [measure.none, claim], "claimed": [False, True]}).dropna()
    scale = alt.Scale(nice=False, padding=18, zero=False)
    axis: dict[str, Any] = {"scale": scale, "axis": alt.Axis(tickCount=5, grid=False, format="+~g")}
    if measure.kind == "ratio":
        reached = [drawn["low"], drawn["high"], drawn["mean"], lines["mean"]]
        axis = axes.ratios(pd.concat(reached).dropna())
    x = alt.X("mean:Q", title=None, **axis)
    dashes = alt.Scale(domain=[False, True], range=[[1, 0], [4, 3]])
    dash = {"strokeDash": alt.StrokeDash("claimed:N", scale=dashes, legend=None)}
    styles = axes.styles("outcome", STYLES, legend=False)
    found = Estimates(drawn, x, axes.rows("row", list(drawn["row"])), styles, axes.tooltip(told))
    chart = layered(
        ROW_HEIGHT * len(drawn),
        Estimates(lines, x, None, dash).across(color=GREY),
        found.intervals("x", strokeWidth=2),
        found.points(size=110),
        found.words("estimate", dy=-13, fontSize=11),
    )
    return Panel("", f"{SAID[measure.name]['title']}, {SIDES[measure.kind]}", chart)


def _drawn(
    question: Question, rows: pd.DataFrame, measure: Measure
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a panel: estimates with their intervals, and what hovering tells of them."""
    claims = [{**asdict(claim), "measure": measure.name} for claim in claims_of(rows, measure)]
    table = pd.DataFrame(claims, index=rows.index).assign(
        verdict=rows[f"{measure.name}_verdict"], mean=rows[measure.mean]
    )
    told = words.hover("headline", table, write=writer(measure).__name__)
    within = table["outcome"].isin(["better within", "worse within"])
    outcome = table["outcome"].mask(within, "no difference")
    drawn = told.assign(
        row=table["task"].where(
            table["first"] == question.method, table["task"] + ", " + table["first"]
        ),
        outcome=outcome.where(outcome.isin(list(STYLES)), UNKNOWN),
        **table[["mean", "low", "high"]],
    )
    if measure.kind == "ratio":
        drawn["low"] = drawn["low"].clip(lower=drawn["mean"] / FURTHEST_RATIO)
        drawn["high"] = drawn["high"].clip(upper=drawn["mean"] * FURTHEST_RATIO)
    return drawn, told
