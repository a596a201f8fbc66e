"""Differences at equal size as pictures: estimates, intervals, the margin, and verdicts."""

import altair as alt
import pandas as pd

from prunestudy.analysis.claims import of_pair
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import AREA
from prunestudy.report import axes, words
from prunestudy.report.figures import Figure, Panel, by_task
from prunestudy.report.formatting import listed
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import BLUE, EQUAL_SIGN, GREY, RING, VERMILLION

ROW_HEIGHT, LOW_ROW_HEIGHT = 46, 26
UNKNOWN = "no verdict"
STYLES = {
    "better": (VERMILLION, "triangle-up"),
    "worse": (BLUE, "triangle-down"),
    "equivalent": (GREY, EQUAL_SIGN),
    "undecided": (GREY, RING),
    UNKNOWN: (GREY, "cross"),
}
# A panel shows twice what the plain intervals reach, but no more than so many times the largest
# estimate or margin; an interval that goes further ends at its edge.
BEYOND, FURTHEST = 2.0, 12.0
ENDS = ("low", "high", "plain_low", "plain_high")


def headline_figures(inputs: Inputs, comparisons: pd.DataFrame) -> list[Figure]:
    """A figure a question: a panel a metric, whose tasks share its unit and margin."""
    figures: list[Figure | None] = []
    for question in inputs.questions:
        rows = of_pair(comparisons, AREA, *question.pair).dropna(subset=["estimate"])
        panels = [
            Panel(
                "",
                inputs.directed_metric(own["task"].iloc[0]),
                _panel(inputs, own, "task", ROW_HEIGHT, " − ".join(question.pair)),
            )
            for _metric, own in rows.groupby("metric", sort=False)
        ]
        name = "headline" if not figures else f"headline-{'-'.join(question.pair)}"
        first, second = question.pair
        said = {"first": first, "second": second, "First": first.capitalize()}
        said |= {"tasks": listed(inputs.tasks)}
        figures.append(
            words.figure(inputs, "headline", panels, rows["n"], name, named=True, **said)
        )
    return [figure for figure in figures if figure]


def others_figure(inputs: Inputs, comparisons: pd.DataFrame) -> Figure | None:
    """The focus against every other method, a panel a task."""
    rows = comparisons[comparisons["measure"] == AREA.name].dropna(subset=["estimate"])
    rows = rows[rows["first"] == inputs.focus]
    if rows["second"].nunique() < 2:
        return None
    title = f"{inputs.focus} − other"

    def _others(own: pd.DataFrame) -> alt.LayerChart:
        return _panel(inputs, own, "second", LOW_ROW_HEIGHT, title)

    panels = by_task(inputs.tasks, rows, _others)
    return words.figure(inputs, "others", panels, rows["n"], named=True)


def _panel(
    inputs: Inputs, rows: pd.DataFrame, names: str, height: float, title: str
) -> alt.LayerChart:
    """A row a comparison, named by a column of the table; the title is of what is drawn.

    Right is better: where less of the metric is, the axis runs the other way.
    """
    turned = alt.Undefined if inputs.higher_is_better(rows["task"].iloc[0]) else True
    told = words.hover("headline", rows)
    drawn = told.assign(
        row=rows[names],
        outcome=rows["verdict"].where(rows["verdict"].isin(list(STYLES)), UNKNOWN),
        **rows[["estimate", *ENDS]],
    )
    margin = float(rows["margin"].max()) if len(rows) else 0.0
    reach = FURTHEST * max(float(drawn["estimate"].abs().max()), margin) or 1.0
    plain = float(drawn[["plain_low", "plain_high"]].astype(float).abs().max().max())
    reach = min(reach, BEYOND * plain) if plain > 0 else reach
    for end in ENDS:
        drawn[end] = drawn[end].clip(-reach, reach)
    scale = alt.Scale(nice=False, padding=18, zero=True, reverse=turned)
    label = "datum.value == 0 ? '0' : format(datum.value, '+~g')"
    axis = alt.Axis(
        tickCount=5,
        grid=False,
        labelExpr=label,
        labelFlush=False,
        labelOverlap="greedy",
        labelSeparation=4,
    )
    x = alt.X("estimate:Q", title=title, scale=scale, axis=axis)
    styles = axes.styles("outcome", STYLES, legend=False)
    found = Estimates(drawn, x, axes.rows("row", list(drawn["row"])), styles, axes.tooltip(told))
    none = pd.DataFrame({"estimate": [0.0], "low": [-margin], "high": [margin]})
    across = Estimates(none, x, None)
    return layered(
        height * len(drawn),
        across.intervals("x", kind="rect", color=GREY, opacity=0.15) if margin else [],
        across.across(color=GREY),
        found.intervals("x", strokeWidth=1.2),
        found.intervals("x", "plain_low", "plain_high", strokeWidth=3.5),
        found.points(size=110),
        found.words("verdict", dy=-14, fontSize=11) if height == ROW_HEIGHT else [],
    )
