"""Estimates with their intervals: how every figure draws them."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from prunestudy.report.figures import HALO


@dataclass(frozen=True)
class Estimates:
    """Rows of a table on two axes, and the marks that show them; where there are no rows, none.

    Attributes:
        table: a row an estimate, or a seed.
        x, y: where it lies; without one of them, lines go across the panel.
        styles: colour and shape, as in :func:`prunestudy.report.axes.styles`.
        tooltip: what hovering tells.
        offset: pixels to the right, so that estimates at one place stay apart.
    """

    table: pd.DataFrame
    x: alt.X | None
    y: alt.Y | None
    styles: dict[str, Any] = field(default_factory=dict)
    tooltip: list[alt.Tooltip] = field(default_factory=list)
    offset: float = 0.0

    def where(self, chosen: pd.Series) -> "Estimates":
        """Some of the rows."""
        return replace(self, table=self.table[chosen])

    def intervals(
        self,
        along: Literal["x", "y"],
        low: str = "low",
        high: str = "high",
        kind: Literal["rule", "area", "rect"] = "rule",
        **mark: Any,
    ) -> list[alt.Chart]:
        """From end to end of each interval, as a line, a band along x, or across the panel."""
        ends = self.table[[low, high]].astype(float)
        there = self.where(ends.abs().lt(np.inf).all(axis=1))
        # Its own axis, so that all marks share one scale and one title.
        end = getattr(self, along).copy()
        end.shorthand = f"{low}:Q"
        return there._marks(kind, {along: end, f"{along}2": f"{high}:Q", "shape": None}, mark)

    def line(self, channels: dict[str, Any] | None = None, **mark: Any) -> list[alt.Chart]:
        """A line through the estimates of each colour."""
        # Round ends show a line of one point.
        mark = {"strokeCap": "round", **mark}
        return self._marks("line", {"shape": None, **(channels or {})}, mark)

    def points(self, channels: dict[str, Any] | None = None, **mark: Any) -> list[alt.Chart]:
        """A mark an estimate."""
        style = {"filled": True, "opacity": 1, **mark}
        return self._marks("point", {"tooltip": self.tooltip, **(channels or {})}, style)

    def ticks(self, **mark: Any) -> list[alt.Chart]:
        """A bar an estimate."""
        return self._marks("tick", {"shape": None}, mark)

    def across(self, **mark: Any) -> list[alt.Chart]:
        """A line across the panel for each row."""
        return self._marks("rule", {"tooltip": self.tooltip, "shape": None}, mark)

    def targets(self) -> list[alt.Chart]:
        """Wide marks that nobody sees, which make a thin line easy to hover over."""
        return self.points(size=90, opacity=0, shape="circle")

    def labels(self, column: str, **mark: Any) -> list[alt.Chart]:
        """A text beside each estimate, in its colour."""
        return self._marks("text", {"text": f"{column}:N", "shape": None}, mark)

    def words(self, column: str, **mark: Any) -> list[alt.Chart]:
        """A text in the ink of the theme, with a halo where lines run behind it."""
        plain = replace(self, styles={})
        return plain.labels(column, style=HALO, **mark) + plain.labels(column, **mark)

    def _marks(self, kind: str, channels: dict[str, Any], mark: dict[str, Any]) -> list[alt.Chart]:
        """One layer; what a mark sets by itself is no channel."""
        every = {"x": self.x, "y": self.y, **self.styles, **channels}
        drawn = {name: one for name, one in every.items() if one is not None and name not in mark}
        axes = [str(drawn[axis].shorthand) for axis in ("x", "y") if axis in drawn]
        numbers = self.table[[name.removesuffix(":Q") for name in axes if name.endswith(":Q")]]
        there = np.isfinite(numbers.astype(float)).all(axis=1)
        if not there.any():
            return []
        # A line breaks where a number is missing.
        table = self.table if kind == "line" else self.table[there]
        offset = {"xOffset": self.offset} if self.offset else {}
        made = getattr(alt.Chart(table), f"mark_{kind}")(**mark, **offset)
        return [made.encode(**drawn)]


def layered(height: float, *layers: list[alt.Chart]) -> alt.LayerChart:
    """Marks in one panel, the last ones on top; none where all would be lines across it."""
    every = [layer for group in layers for layer in group]
    placed = any(alt.Undefined not in (one.encoding.x, one.encoding.y) for one in every)
    return alt.LayerChart(layer=every if placed else [], height=height)
