"""What a closed loop did: the resource that binds and validation quality, stage by stage."""

import altair as alt
import numpy as np
import pandas as pd

from prunestudy.analysis.decisions import attempts, loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes, words
from prunestudy.report.figures import Figure, Panel
from prunestudy.report.formatting import listed, plural
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import CROSS, GREY, LOZENGE, RING, looks

# What an axis says of the resource that binds.
RESOURCES: dict[str, str] = words.WORDS["controller"]["resources"]


def places(inputs: Inputs, table: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Task, title and rows of each panel: a task and closed loop."""
    every = loops(inputs)
    parts = [
        (task, method, table[(table["task"] == task) & (table["method"] == method)])
        for task in inputs.tasks
        for method in every
    ]
    return [
        (task, task if len(every) == 1 else f"{task}, {method}", part)
        for task, method, part in parts
        if len(part)
    ]


def controller_figure(inputs: Inputs) -> Figure | None:
    """Two rows of panels, the resource and quality, one column a task and closed loop."""
    decided = attempts(inputs.decisions)
    panels = []
    for column in ("resource_after", "val_after"):
        for task, title, table in places(inputs, decided):
            shown = RESOURCES[table["resource"].iloc[0]]
            shown = shown if column == "resource_after" else "validation"
            panels.append(Panel(task, f"{title}: {shown}", _panel(inputs, table, column)))
    seeds, none = plural(decided["seed"].nunique(), "seed"), pd.Series(dtype=int)
    steered = listed(loops(inputs))
    return words.figure(inputs, "controller", panels, none, seeds=seeds, loops=steered)


def _panel(inputs: Inputs, table: pd.DataFrame, column: str) -> alt.LayerChart:
    task, method, resource = table[["task", "method", "resource"]].iloc[0]
    colour = next(look.colour for look in looks(inputs) if look.method == method)
    amount = "significant" if resource == "latency" else "count"
    told = words.hover("controller", table, resource=RESOURCES[resource], amount=amount)
    drawn = told.assign(**table[["attempt", "seed", "verdict"]], value=table[column])
    x = alt.X("attempt:Q", title="attempt", axis=alt.Axis(tickMinStep=1, grid=False))
    budgets = table.drop_duplicates("seed")[["seed", "budget"]].rename(columns={"budget": "value"})
    if column == "resource_after":
        title = RESOURCES[resource]
        scale = alt.Scale(type="log", nice=False, padding=10)
        # Milliseconds are shown as they are, not as thousandths of a unit.
        number = "~g" if resource == "latency" else "~s"
        axis = alt.Axis(tickCount=5, format=number, grid=False)
        budgets = budgets[:0]
    else:
        title = f"validation {inputs.directed_metric(task)}"
        scale = _quality_scale(pd.concat([drawn[drawn["verdict"] != "mapped"], budgets])["value"])
        axis = alt.Axis(tickCount=5, grid=True)
    y = alt.Y("value:Q", title=title, scale=scale, axis=axis)
    verdicts = {
        "accepted": (colour, "circle"),
        "rolled back": (GREY, CROSS),
        "mapped": (colour, RING),
        "final": (colour, LOZENGE),
    }
    styles = axes.styles("verdict", verdicts, legend=False)
    marks = Estimates(drawn, x, y, styles, axes.tooltip(told))
    path = Estimates(drawn[~drawn["verdict"].isin(["rolled back", "final"])], x, y)
    by_seed = {"detail": "seed:N", "order": "attempt:Q"}
    return layered(
        190,
        path.line(by_seed, color=colour, opacity=0.35, size=1.2),
        Estimates(budgets, None, y).across(color=GREY, strokeDash=[4, 4], opacity=0.6),
        marks.where(drawn["verdict"].isin(verdicts)).points(opacity=0.85, size=45),
    )


def _quality_scale(within: pd.Series) -> alt.Scale:
    """What is within the budget; what comes after may fall much lower."""
    if not np.isfinite(within).all():
        return alt.Scale(zero=False)
    low, high = float(within.min()), float(within.max())
    room = 0.06 * max(high - low, 1e-3)
    return alt.Scale(domain=[low - room, high + room], nice=False, clamp=True, zero=False)
