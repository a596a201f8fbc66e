"""Figures as files: SVG for slides and a git host, PDF for one column of a paper."""

import copy
import io
import re
import textwrap
from typing import Any

import altair as alt
import pikepdf
import vl_convert

from prunestudy.report.figures import Figure, theme

COLUMNS = 3
WIDTH = 250
# A panel's axes take some more: together one column of a paper, about 85 mm.
COLUMN_WIDTH = 170
COLUMN_HEIGHT = 120
HALF_WIDTH, HALF_HEIGHT, NAMED_WIDTH = 66, 78, 138
MOST_BELOW = 3
# Characters of a line of the key, and the share of their height that rows of methods keep.
KEY_WIDTH = 66
ROW_SHARE = 0.3
# vl-convert numbers its clip paths across drawings; counted anew, a drawing has one text.
COUNTED = re.compile(r"""((?:id=|href=|url\()["']?#?)(clip|gradient_)(\d+)\b""")
# What Vega-Lite allows at the top alone.
TOP_LEVEL = ("$schema", "config", "datasets")
# The Vega-Lite version that Altair writes, as vl-convert names it.
VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def drawing(figure: Figure) -> str:
    """The whole figure as one SVG with titles and a legend."""
    columns = COLUMNS if len(figure.panels) != 4 else 2
    title = {"text": figure.title, "subtitle": figure.key, "fontSize": 14}
    spec = _whole(figure, columns, WIDTH, {"title": title, "padding": 12}, {})
    return svg(spec) + "\n"


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
        _lower(panel, figure.named)
        if columns == 2:
            _narrow(panel)
    config = spec["config"]
    config["axis"] |= {"labelFontSize": 8, "titleFontSize": 8}
    config["title"] |= {"fontSize": 9, "subtitleFontSize": 8}
    # Its objects come in another order each time; rewritten, a figure has one file.
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(vl_convert.svg_to_pdf(svg(spec)))) as drawn:
        drawn.save(written, deterministic_id=True)
    return written.getvalue()


def _lower(panel: dict[str, Any], named: bool) -> None:
    """Make a panel no higher than a column of a paper has room for, and its marks with it."""
    if not named:
        panel["height"] = min(panel["height"], COLUMN_HEIGHT)
        return
    share = max(ROW_SHARE, min(1.0, COLUMN_HEIGHT / panel["height"]))
    panel["height"] *= share
    for layer in panel["layer"]:
        if "size" in layer["mark"]:
            layer["mark"]["size"] *= share


def _narrow(panel: dict[str, Any]) -> None:
    """Let a panel's title say what its axis shows, in lines of its own."""
    panel["title"] = panel["title"].split(": ")
    panel["height"] = min(panel["height"], HALF_HEIGHT)
    for layer in panel["layer"]:
        if "title" in layer.get("encoding", {}).get("y", {}):
            layer["encoding"]["y"]["title"] = None
        if "limit" in layer["mark"]:
            # Names of lines.
            layer["mark"] |= {"fontSize": 7, "dx": 4, "limit": 40}


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
    config = theme("paper")
    config["legend"] |= {"orient": "bottom", "title": None, **legend}
    return {
        "$schema": alt.SCHEMA_URL,
        "concat": panels,
        "columns": columns,
        "spacing": 24,
        "resolve": {"scale": {"color": scales, "shape": scales}},
        "datasets": datasets,
        "config": config,
        **words,
    }


def svg(spec: dict[str, Any], prefix: str = "") -> str:
    """Vega-Lite drawn; ``prefix`` goes before the names of what the drawing defines."""
    numbers: dict[str, int] = {}

    def renamed(match: re.Match[str]) -> str:
        name = f"{match[2]}{match[3]}"
        return f"{match[1]}{prefix}{match[2]}{numbers.setdefault(name, len(numbers))}"

    return COUNTED.sub(renamed, vl_convert.vegalite_to_svg(spec, vl_version=VERSION))
