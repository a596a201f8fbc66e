"""Scales, axes and tooltips that figures share."""

import math
from typing import Any

import altair as alt
import pandas as pd

STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
# Colour and shape of one kind of mark.
Style = tuple[str, str]


def styles(column: str, kinds: dict[str, Style], legend: bool = True) -> dict[str, Any]:
    """The colour and shape of marks by a column, with one legend for both."""
    colours, shapes = zip(*kinds.values(), strict=True)
    return {
        name: channel(
            f"{column}:N",
            scale=alt.Scale(domain=list(kinds), range=list(looks)),
            title=None,
            legend=alt.Undefined if legend else None,
        )
        for name, channel, looks in (("color", alt.Color, colours), ("shape", alt.Shape, shapes))
    }


def tooltip(told: pd.DataFrame) -> list[alt.Tooltip]:
    """What hovering tells: every column of a table of texts."""
    return [alt.Tooltip(f"{column}:N", title=str(column)) for column in told]


def ratios(costs: pd.Series) -> dict[str, Any]:
    """A logarithmic scale, ticked at powers of two, or at round steps where the range is narrow.

    An interval that goes further ends at the edge.
    """
    costs = costs[(costs > 0) & (costs < math.inf)]
    low, high = (float(costs.min()), float(costs.max())) if len(costs) else (1.0, 2.0)
    room = max((high / low) ** 0.08, 1.05)
    low, high = low / room, high * room
    ticks = [2.0**power for power in range(-10, 18) if low <= 2.0**power <= high]
    if len(ticks) < 3:
        # Too narrow for powers of two: round steps, at most six of them.
        step = next(size for size in STEPS if (high - low) / size <= 6)
        first, last = math.ceil(low / step), math.floor(high / step)
        ticks = [round(number * step, 6) for number in range(first, last + 1)]
    label = "format(datum.value, '~r') + '×'"
    return {
        "scale": alt.Scale(type="log", domain=[low, high], nice=False, clamp=True),
        "axis": alt.Axis(values=ticks, labelExpr=label, grid=False),
    }


def rows(column: str, names: list[str]) -> alt.Y:
    """A row for each of these names, which stand beside it."""
    axis = alt.Axis(ticks=False, labelPadding=8, labelLimit=180)
    return alt.Y(f"{column}:N", sort=names, title=None, axis=axis)
