"""What a closed loop did: parameters and validation quality, stage by stage."""

from typing import Any

import altair as alt
import pandas as pd

from prunestudy.analysis.decisions import attempts, loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.figures import Chart, Figure, Panel
from prunestudy.report.palette import GREY, looks

# What an axis says of the resource that binds.
RESOURCES = {
    "params": "parameters",
    "macs": "MACs",
    "bytes": "bytes",
    "latency": "ms for a batch of 64",
}
KEY = "● accepted,  × rolled back,  ◆ final network,  ○ beyond the budget"


def control_figure(inputs: Inputs) -> Figure | None:
    """Two rows of panels, parameters and quality, one column a task and closed loop."""
    decided = attempts(inputs.decisions)
    places = [
        (task, method)
        for task in inputs.tasks
        for method in loops(inputs)
        if ((decided["task"] == task) & (decided["method"] == method)).any()
    ]
    if not places:
        return None
    panels = []
    for column in ("resource_after", "val_after"):
        for task, method in places:
            table = decided[(decided["task"] == task) & (decided["method"] == method)]
            label = RESOURCES[table["resource"].iloc[0]]
            if column == "val_after":
                label = "validation"
            title = task if len(loops(inputs)) == 1 else f"{task}, {method}"
            axis = label if column == "resource_after" else f"validation {inputs.metric(task)}"
            panels.append(Panel(task, f"{title}: {label}", _panel(inputs, table, column, axis)))
    seeds = formatting.plural(decided["seed"].nunique(), "seed")
    return Figure(
        name="controller",
        title="The resource that binds and validation quality, attempt by attempt",
        caption=(
            f"One line a seed ({seeds}); attempts in order, so that a rolled-back one "
            "takes its place too. Quality is measured right after the stage's retraining; the "
            "dashed lines are the seeds' budgets for finished networks. A stage is accepted below "
            "them where finishing is expected to win back what is missing: the log has each "
            "stage's own threshold. Beyond the budget the walk goes on only to map the rest of the "
            "curve; where its quality leaves the panel, the mark is at the edge."
        ),
        alt=(
            "The resource that binds and validation quality after each attempt of "
            f"{formatting.listed(loops(inputs))} on {formatting.listed(inputs.tasks)}, with a mark for "
            "each verdict."
        ),
        panels=tuple(panels),
        methods=(),
        source="decisions.csv",
        key=KEY,
    )


def _panel(inputs: Inputs, table: pd.DataFrame, column: str, axis: str) -> Chart:
    method = str(table["method"].iloc[0])
    colour = next(look.colour for look in looks(inputs) if look.method == method)
    drawn = _drawn(table, column)
    log = column == "resource_after"
    # Milliseconds are shown as they are, not as thousandths of a unit.
    number = "~g" if table["resource"].iloc[0] == "latency" else "~s"
    scale = alt.Scale(type="log", nice=False, padding=10) if log else _quality_scale(drawn)
    x = alt.X("attempt:Q", title="attempt", axis=alt.Axis(tickMinStep=1, grid=False))
    y = alt.Y(
        "value:Q",
        title=axis,
        scale=scale,
        axis=alt.Axis(tickCount=5, format=number if log else "", grid=not log),
    )
    base = alt.Chart(drawn).encode(x=x, y=y)
    path = (
        base.transform_filter("datum.verdict !== 'rolled back' && datum.verdict !== 'final'")
        .mark_line(color=colour, opacity=0.35, size=1.2)
        .encode(detail="seed:N", order="attempt:Q")
    )
    layers = [path]
    if not log:
        budgets = drawn.drop_duplicates("seed")[["seed", "budget"]]
        layers.append(
            alt.Chart(budgets)
            .mark_rule(color=GREY, strokeDash=[4, 4], opacity=0.6)
            .encode(y=alt.Y("budget:Q"), tooltip=["seed:N", alt.Tooltip("budget:Q", format=".4f")])
        )
    styles: dict[str, dict[str, Any]] = {
        "accepted": {"shape": "circle", "filled": True, "color": colour, "size": 38},
        "rolled back": {"shape": CROSS, "filled": False, "color": GREY, "size": 45},
        "mapped": {"shape": "circle", "filled": False, "color": colour, "size": 38},
        "final": {"shape": "diamond", "filled": True, "color": colour, "size": 130},
    }
    tooltip = [
        "task:N",
        "method:N",
        "seed:N",
        "stage:N",
        "verdict:N",
        "criterion:N",
        alt.Tooltip("amount:N", title=RESOURCES[table["resource"].iloc[0]]),
        "validation:N",
        "reason:N",
    ]
    for verdict in [name for name in styles if (drawn["verdict"] == name).any()]:
        layers.append(
            base.transform_filter(f"datum.verdict === '{verdict}'")
            .mark_point(opacity=0.85, strokeWidth=1.4, **styles[verdict])
            .encode(tooltip=tooltip)
        )
    return alt.layer(*layers).properties(height=190)


# A diagonal cross; the built-in one is upright and reads as a plus.
CROSS = "M-1,-1L1,1M-1,1L1,-1"


def _quality_scale(drawn: pd.DataFrame) -> alt.Scale:
    """As far as the walk within the budget goes; what comes after may fall much lower."""
    within = pd.concat([drawn.loc[drawn["verdict"] != "mapped", "value"], drawn["budget"]])
    low, high = float(within.min()), float(within.max())
    room = 0.06 * max(high - low, 1e-3)
    return alt.Scale(domain=[low - room, high + room], nice=False, clamp=True, zero=False)


def _drawn(table: pd.DataFrame, column: str) -> pd.DataFrame:
    latency = table["resource"].iloc[0] == "latency"
    write = formatting.significant if latency else formatting.count
    return pd.DataFrame(
        {
            "task": table["task"],
            "method": table["method"],
            "seed": table["seed"],
            "stage": table["stage"],
            "attempt": table["attempt"],
            "value": table[column],
            "budget": table["budget"],
            "verdict": table["verdict"],
            "criterion": table["criterion"].fillna(formatting.NOTHING),
            "amount": [
                f"{write(before)} → {write(after)}"
                for before, after in zip(
                    table["resource_before"], table["resource_after"], strict=True
                )
            ],
            "validation": [
                f"{formatting.quality(before)} → {formatting.quality(after)}"
                for before, after in zip(table["val_before"], table["val_after"], strict=True)
            ],
            "reason": table["reason"],
        }
    )
