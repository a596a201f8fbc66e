"""Figures: one definition for the interactive chart in the page and the drawing for a paper."""

import copy
import io
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import altair as alt
import pikepdf
import vl_convert

FONT = "Helvetica, Arial, sans-serif"
COLUMNS = 3
WIDTH = 250
# A panel's axes take some more: together one column of a paper, about 85 mm.
COLUMN_WIDTH = 170
COLUMN_HEIGHT = 120
HALF_WIDTH, HALF_HEIGHT, NAMED_WIDTH = 66, 78, 138
MOST_BELOW = 4
# Characters of a line of the key, and the share of their height that rows of methods keep.
KEY_WIDTH = 66
ROW_SHARE = 0.3
# vl-convert numbers its clip paths across drawings; counted anew, a drawing has one text.
COUNTED = re.compile(r"\b(clip|gradient_)(\d+)\b")

# Styles of text beside marks: in the theme's ink, and its outline where lines run behind it.
WORDS, HALO = "words", "halo"

# What Vega-Lite allows at the top alone.
TOP_LEVEL = ("$schema", "config", "datasets")

Chart = alt.Chart | alt.LayerChart | alt.FacetChart


class Panel(NamedTuple):
    """One chart of a figure, with its title and the task that it shows."""

    task: str
    title: str
    chart: Chart


@dataclass(frozen=True)
class Figure:
    """A figure of one or more panels.

    Attributes:
        name: file name without its ending.
        title: what it shows, in a few words.
        caption: how to read it, what the bars mean, and how many seeds it shows.
        alt: what a reader who cannot see it should know.
        panels: in reading order; the same row holds the same quantity.
        methods: the methods drawn, for a legend that switches them on and off.
        source: the table with its numbers.
        key: what its marks mean, in a line that belongs to the drawing.
        cost: the cost on its axis, where figures differ in that alone.
        named: whether an axis names the methods, a row each, so that a drawing needs no legend.
    """

    name: str
    title: str
    caption: str
    alt: str
    panels: tuple[Panel, ...]
    methods: tuple[str, ...]
    source: str
    key: str = ""
    cost: str = ""
    named: bool = False

    @cached_property
    def specifications(self) -> list[dict[str, Any]]:
        """The panels as Vega-Lite, written and checked once for the page and both drawings."""
        return [panel.chart.to_dict() for panel in self.panels]


def theme(dark: bool) -> dict[str, Any]:
    """Vega-Lite configuration for a light or dark ground."""
    ink, faint = ("#d9d9d6", "#3d4043") if dark else ("#333333", "#dddddd")
    words = {"labelColor": ink, "titleColor": ink, "labelFont": FONT, "titleFont": FONT}
    return {
        "background": None if dark else "white",
        "font": FONT,
        "view": {"stroke": None},
        "style": {
            WORDS: {"fill": ink},
            HALO: {"stroke": "#16181a" if dark else "#fdfdfb", "strokeWidth": 5},
        },
        "axis": {
            **words,
            "gridColor": faint,
            "domainColor": faint,
            "tickColor": faint,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "titlePadding": 7,
        },
        "title": {
            "color": ink,
            "subtitleColor": ink,
            "font": FONT,
            "subtitleFont": FONT,
            "fontSize": 12,
            "fontWeight": 600,
            "anchor": "start",
            "offset": 8,
        },
        "legend": {**words, "labelFontSize": 11, "symbolStrokeWidth": 1.5, "symbolOpacity": 1},
    }


def specification(panel: dict[str, Any]) -> dict[str, Any]:
    """A panel as Vega-Lite for the page: as wide as its box, without a legend of its own."""
    spec = {key: value for key, value in panel.items() if key != "config"}
    return {**spec, "width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}


def drawing(figure: Figure) -> str:
    """The whole figure as one SVG with titles and a legend."""
    columns = COLUMNS if len(figure.panels) != 4 else 2
    title = {"text": figure.title, "subtitle": figure.key, "fontSize": 14}
    spec = _whole(figure, columns, WIDTH, {"title": title, "padding": 12}, {})
    return _svg(spec) + "\n"


def column_drawing(figure: Figure) -> bytes:
    """The figure as a PDF for one column of a paper, with what its marks mean, but no title."""
    legend = {"columns": 2, "labelFontSize": 8, "symbolSize": 40, "disable": figure.named}
    key = {"text": textwrap.wrap(figure.key, KEY_WIDTH), "fontSize": 7, "fontWeight": "normal"}
    words = {"padding": 2, **({"title": key} if figure.key else {})}
    # Many panels stand two by two, or they would be longer than a page.
    columns = 1 if len(figure.panels) <= MOST_BELOW else 2
    # Names of rows stand beside the panel; that much is left of the column.
    width = HALF_WIDTH if columns == 2 else NAMED_WIDTH if figure.named else COLUMN_WIDTH
    spec = _whole(figure, columns, width, words, legend)
    for panel in spec["concat"]:
        _lowered(panel, figure.named)
        if columns == 2:
            _narrowed(panel)
    sizes = {"labelFontSize": 8, "titleFontSize": 8}
    spec["config"]["axis"] = {**spec["config"]["axis"], **sizes}
    spec["config"]["title"] = {**spec["config"]["title"], "fontSize": 9, "subtitleFontSize": 8}
    # Its objects come in another order each time; rewritten, a figure has one file.
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(vl_convert.svg_to_pdf(_svg(spec)))) as drawn:
        drawn.save(written, deterministic_id=True)
    return written.getvalue()


def _lowered(panel: dict[str, Any], named: bool) -> None:
    """Make a panel no higher than a column of a paper has room for, and its marks with it."""
    height = panel.get("height", COLUMN_HEIGHT)
    if not isinstance(height, int | float):
        return
    share = max(ROW_SHARE, min(1.0, COLUMN_HEIGHT / height)) if named else 1.0
    panel["height"] = height * share if named else min(height, COLUMN_HEIGHT)
    for layer in panel.get("layer", []) if named else []:
        if "size" in layer["mark"]:
            layer["mark"] = {**layer["mark"], "size": layer["mark"]["size"] * share}


def _narrowed(panel: dict[str, Any]) -> None:
    """Let a panel's title say what its axis shows, in lines of its own."""
    panel["title"] = panel["title"].split(": ")
    panel["height"] = min(panel.get("height", HALF_HEIGHT), HALF_HEIGHT)
    for layer in panel.get("layer", [panel]):
        if "title" in layer.get("encoding", {}).get("y", {}):
            layer["encoding"] = {
                **layer["encoding"],
                "y": {**layer["encoding"]["y"], "title": None},
            }


def _whole(
    figure: Figure, columns: int, width: int, words: dict[str, Any], legend: dict[str, Any]
) -> dict[str, Any]:
    """Vega-Lite of all panels with one legend."""
    # Methods look the same in every panel; without them each panel has colours of its own.
    scales = "shared" if figure.methods else "independent"
    panels: list[dict[str, Any]] = []
    datasets: dict[str, Any] = {}
    for panel, spec in zip(figure.panels, figure.specifications, strict=True):
        # A copy: what a drawing changes must not change the page.
        inner = copy.deepcopy({key: spec[key] for key in spec if key not in TOP_LEVEL})
        panels.append({**inner, "title": panel.title, "width": width})
        datasets |= spec["datasets"]
    config = theme(dark=False)
    place = {"orient": "bottom", "title": None, **legend}
    return {
        "$schema": alt.SCHEMA_URL,
        "concat": panels,
        "columns": columns,
        "spacing": 24,
        "resolve": {"scale": {"color": scales, "shape": scales}},
        "datasets": datasets,
        "config": {**config, "legend": {**config["legend"], **place}},
        **words,
    }


def _svg(spec: dict[str, Any]) -> str:
    return _recounted(vl_convert.vegalite_to_svg(spec, vl_version=_version()))


def _version() -> str:
    """The Vega-Lite version that Altair writes, as vl-convert names it."""
    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def _recounted(svg: str) -> str:
    numbers: dict[str, int] = {}

    def renamed(match: re.Match[str]) -> str:
        return f"{match[1]}{numbers.setdefault(match[0], len(numbers))}"

    return COUNTED.sub(renamed, svg)
