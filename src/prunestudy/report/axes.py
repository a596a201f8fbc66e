"""Scales and axes that figures share."""

import math

import altair as alt
import pandas as pd

from prunestudy.report.palette import Look

STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def method_scales(every: list[Look]) -> tuple[alt.Color, alt.Shape]:
    """The colour and shape of methods, with one legend for both."""
    names = [look.method for look in every]
    colours, shapes = [look.colour for look in every], [look.shape for look in every]
    return (
        alt.Color("method:N", scale=alt.Scale(domain=names, range=colours), title=None),
        alt.Shape("method:N", scale=alt.Scale(domain=names, range=shapes), title=None),
    )


def cost_scale(costs: pd.Series) -> alt.Scale:
    """A logarithmic scale for ratios; an interval that goes further ends at the edge."""
    return alt.Scale(type="log", domain=_domain(costs), nice=False, clamp=True)


def cost_axis(costs: pd.Series) -> alt.Axis:
    """Ticks at powers of two, or at round steps where the range is narrow."""
    low, high = _domain(costs)
    ticks = [2.0**power for power in range(-10, 18) if low <= 2.0**power <= high]
    if len(ticks) < 3:
        # Too narrow for powers of two: round steps, at most six of them.
        step = next(size for size in STEPS if (high - low) / size <= 6)
        first, last = math.ceil(low / step), math.floor(high / step)
        ticks = [round(number * step, 6) for number in range(first, last + 1)]
    return alt.Axis(values=ticks, labelExpr="format(datum.value, '~r') + '×'", grid=False)


def _domain(costs: pd.Series) -> list[float]:
    low, high = (float(costs.min()), float(costs.max())) if len(costs) else (1.0, 2.0)
    room = max((high / low) ** 0.08, 1.05)
    return [low / room, high * room]
