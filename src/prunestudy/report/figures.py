"""Figures: one definition for the interactive chart in the page and the drawing for a paper."""

import math
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

FONT = "Helvetica, Arial, sans-serif"
# The style of text where lines run behind it: its outline has the colour of the ground.
HALO = "halo"


class Panel(NamedTuple):
    """One chart of a figure, with its title and the task that it shows."""

    task: str
    title: str
    chart: alt.LayerChart


@dataclass(frozen=True)
class Figure:
    """A figure of one or more panels.

    Attributes:
        name: file name without its ending.
        title: what it shows, in a few words.
        caption: how to read it, what the bars mean, and how many seeds it shows.
        alt: what a reader who cannot see it should know.
        panels: in reading order; the same row holds the same quantity.
        source: the table with its numbers.
        methods: the methods drawn, for a legend that switches them on and off.
        key: what its marks mean, in a line that belongs to the drawing.
        cost: the cost on its axis, where figures differ in that alone.
        named: whether an axis names the methods, a row each, so that a drawing needs no legend.
    """

    name: str
    title: str
    caption: str
    alt: str
    panels: tuple[Panel, ...]
    source: str
    methods: tuple[str, ...] = ()
    key: str = ""
    cost: str = ""
    named: bool = False

    @cached_property
    def specifications(self) -> list[dict[str, Any]]:
        """The panels as Vega-Lite, written and checked once for the page and both drawings.

        What is missing or infinite is null in them: JSON has no word for it.
        """
        return [_finite(panel.chart.to_dict()) for panel in self.panels]


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _finite(inner) for name, inner in content.items()}
    if isinstance(content, list):
        return [_finite(inner) for inner in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def by_task(
    tasks: Iterable[str], table: pd.DataFrame, draw: Callable[[pd.DataFrame], alt.LayerChart]
) -> tuple[Panel, ...]:
    """A panel for each task that the table has rows of."""
    parts = [(task, table[table["task"] == task]) for task in tasks]
    return tuple(Panel(task, task, draw(part)) for task, part in parts if len(part))


def theme(ground: str) -> dict[str, Any]:
    """Vega-Lite configuration for ``paper``, or the ``page`` in its own colours."""
    text = files("prunestudy.report").joinpath("theme.toml").read_text(encoding="utf-8")
    colours = tomllib.loads(text)["colours"][ground]
    found = tomllib.loads(Template(text).substitute(colours, font=FONT))["theme"]
    return {**found, "view": {"stroke": None}}
