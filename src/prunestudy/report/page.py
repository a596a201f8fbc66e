"""The report as one self-contained page that opens offline."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert

from prunestudy.report.blocks import Chart, Code, Fold, Section, Table, blocks_of
from prunestudy.report.contents import Contents
from prunestudy.report.figures import Figure, theme
from prunestudy.report.formatting import plural, visible
from prunestudy.report.palette import looks
from prunestudy.report.stills import still

# What the page's own script needs of the bundled libraries.
VEGA_GLOBAL = "window.vegaEmbed = vegaEmbed;"


def page(contents: Contents, sections: Sequence[Section]) -> str:
    """The page's HTML, scripts, styles and charts included."""
    inputs = contents.inputs
    study = inputs.study
    counts = {"task": len(study.tasks), "method": len(study.methods)}
    counts |= {"operating point": len(inputs.points), "seed": len(study.seeds)}
    parts = [plural(number, noun) for noun, number in counts.items()]
    figures = [chart.figure for chart in blocks_of(sections, Chart)]
    # What a reader can narrow the charts to: one task, one axis of cost.
    picks = {"task": inputs.tasks, "cost": [figure.cost for figure in figures if figure.cost]}
    charts = {
        f"{figure.name}-{place}": _chart(spec, figure)
        for figure in figures
        for place, spec in enumerate(figure.specifications)
    }
    config = {**theme("page"), "background": None, "legend": {"disable": True}, "aria": False}
    return _rendered(
        "page.html",
        title=study.report.title,
        authors=study.report.authors,
        subtitle=f"Study {study.name}: {', '.join(parts)}",
        sections=sections,
        looks={look.method: look for look in looks(inputs)},
        script=_resource("page.js"),
        vega=_vega(),
        picks={name: choices for name, choices in picks.items() if len(choices) > 1},
        charts=_json(charts),
        config=_json(config),
        stills={name: still({**chart, "config": config}, name) for name, chart in charts.items()},
    )


def comparison_page(title: str, sections: Sequence[Section]) -> str:
    """A page of tables alone, for two versions of a study."""
    return _rendered("base.html", title=title, sections=sections, looks={})


def _rendered(name: str, sections: Sequence[Section], **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    shared = {"style": _resource("style.css"), "sections": sections, "places": _places(sections)}
    return environment.get_template(name).render(**shared, **values)


def _places(sections: Sequence[Section]) -> dict[str, str]:
    """What links may lead to: sections, tables, rows, lines and folds; and the id of each."""
    tables = blocks_of(sections, Table)
    names = [section.id for section in sections]
    names += [fold.name for fold in blocks_of(sections, Fold)]
    names += [name for table in tables for name in table.anchors]
    names += [name for code in blocks_of(sections, Code) for name in code.anchors]
    found = {name: name for name in names if name}
    return found | {table.label: f"table-{table.label}" for table in tables if table.label}


@cache
def _vega() -> str:
    bundle = vl_convert.javascript_bundle(VEGA_GLOBAL)
    return bundle.replace("</script", "<\\/script")


def _resource(name: str) -> str:
    return files("prunestudy.report").joinpath(name).read_text(encoding="utf-8")


def _chart(panel: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """A panel as wide as its box, with a parameter that names the methods that are hidden."""
    size = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    spec = {**{name: value for name, value in panel.items() if name != "config"}, **size}
    if not figure.methods:
        return spec
    # "dense" is not among the figure's methods and always stays.
    shown = {"filter": "indexof(hidden, datum.method) < 0"}
    layers = [
        {**layer, "transform": [shown, *layer.get("transform", [])]} for layer in spec["layer"]
    ]
    return {**spec, "layer": layers, "params": [{"name": "hidden", "value": []}]}


def _json(content: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
