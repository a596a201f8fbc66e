"""What a closed loop did: parameters and validation quality, stage by stage."""

import altair as alt
import pandas as pd

from prunestudy.analysis.decisions import attempts, loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import axes
from prunestudy.report.figures import Figure, Panel
from prunestudy.report.formatting import NOTHING, count, listed, plural, quality, significant
from prunestudy.report.intervals import Estimates, layered
from prunestudy.report.palette import CROSS, GREY, LOZENGE, RING, looks

# What an axis says of the resource that binds.
RESOURCES = {
    "params": "parameters",
    "macs": "MACs",
    "bytes": "bytes",
    "latency": "ms for a batch of 64",
}
KEY = "● accepted,  × rolled back,  ◆ final network,  ○ beyond the budget"
SHOWN = ("task", "method", "seed", "stage", "verdict", "criterion", "amount", "validation")


def places(inputs: Inputs, table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Task, closed loop and title of each panel, where the table has rows of them."""
    present = set(table[["task", "method"]].itertuples(index=False, name=None))
    every = loops(inputs)
    return [
        (task, method, task if len(every) == 1 else f"{task}, {method}")
        for task in inputs.tasks
        for method in every
        if (task, method) in present
    ]


def control_figure(inputs: Inputs) -> Figure | None:
    """Two rows of panels, the resource and quality, one column a task and closed loop."""
    decided = attempts(inputs.decisions)
    if not places(inputs, decided):
        return None
    panels = []
    for column in ("resource_after", "val_after"):
        for task, method, title in places(inputs, decided):
            table = decided[(decided["task"] == task) & (decided["method"] == method)]
            shown = RESOURCES[table["resource"].iloc[0]]
            shown = shown if column == "resource_after" else "validation"
            panels.append(Panel(task, f"{title}: {shown}", _panel(inputs, table, column)))
    return Figure(
        name="controller",
        title="The resource that binds and validation quality, attempt by attempt",
        caption=(
            f"One line a seed ({plural(decided['seed'].nunique(), 'seed')}); attempts in order, so "
            "that a rolled-back one takes its place too. Quality is measured right after the "
            "stage's retraining; the dashed lines are the seeds' budgets for finished networks. A "
            "stage is accepted below them where finishing is expected to win back what is missing: "
            "the log has each stage's own threshold. Beyond the budget the walk goes on only to "
            "map the rest of the curve; where its quality leaves the panel, the mark is at the "
            "edge."
        ),
        alt=(
            "The resource that binds and validation quality after each attempt of "
            f"{listed(loops(inputs))} on {listed(inputs.tasks)}, with a mark for each verdict."
        ),
        panels=tuple(panels),
        source="decisions.csv",
        key=KEY,
    )


def _panel(inputs: Inputs, table: pd.DataFrame, column: str) -> alt.LayerChart:
    task, method, resource = table[["task", "method", "resource"]].iloc[0]
    colour = next(look.colour for look in looks(inputs) if look.method == method)
    drawn = _drawn(table, column)
    x = alt.X("attempt:Q", title="attempt", axis=alt.Axis(tickMinStep=1, grid=False))
    if column == "resource_after":
        title = RESOURCES[resource]
        scale = alt.Scale(type="log", nice=False, padding=10)
        # Milliseconds are shown as they are, not as thousandths of a unit.
        number = "~g" if resource == "latency" else "~s"
        axis = alt.Axis(tickCount=5, format=number, grid=False)
    else:
        title, scale = f"validation {inputs.metric(task)}", _quality_scale(drawn)
        axis = alt.Axis(tickCount=5, grid=True)
    y = alt.Y("value:Q", title=title, scale=scale, axis=axis)
    verdicts = {
        "accepted": (colour, "circle"),
        "rolled back": (GREY, CROSS),
        "mapped": (colour, RING),
        "final": (colour, LOZENGE),
    }
    tooltip = axes.tooltip({**{name: name for name in SHOWN}, "amount": RESOURCES[resource]})
    tooltip += axes.tooltip(("reason",))
    marked = drawn[drawn["verdict"].isin(verdicts)]
    marks = Estimates(marked, x, y, axes.styles("verdict", verdicts, legend=False), tooltip)
    walked = Estimates(drawn[~drawn["verdict"].isin(["rolled back", "final"])], x, y)
    budgets = drawn.drop_duplicates("seed").assign(value=lambda rows: rows["budget"])
    budget = Estimates(budgets[["seed", "value"]], None, y)
    return layered(
        190,
        walked.line(
            {"detail": "seed:N", "order": "attempt:Q"}, color=colour, opacity=0.35, size=1.2
        ),
        budget.across(color=GREY, strokeDash=[4, 4], opacity=0.6) if column == "val_after" else [],
        marks.points(opacity=0.85, size=45),
    )


def _quality_scale(drawn: pd.DataFrame) -> alt.Scale:
    """As far as the walk within the budget goes; what comes after may fall much lower."""
    within = pd.concat([drawn.loc[drawn["verdict"] != "mapped", "value"], drawn["budget"]])
    low, high = float(within.min()), float(within.max())
    room = 0.06 * max(high - low, 1e-3)
    return alt.Scale(domain=[low - room, high + room], nice=False, clamp=True, zero=False)


def _drawn(table: pd.DataFrame, column: str) -> pd.DataFrame:
    write = significant if table["resource"].iloc[0] == "latency" else count
    before_after = {
        "amount": table[["resource_before", "resource_after"]].map(write),
        "validation": table[["val_before", "val_after"]].map(quality),
    }
    return table[
        ["task", "method", "seed", "stage", "attempt", "budget", "verdict", "reason"]
    ].assign(
        value=table[column],
        criterion=table["criterion"].fillna(NOTHING),
        **{name: ends.agg(" → ".join, axis=1) for name, ends in before_after.items()},
    )
