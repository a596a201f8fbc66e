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
    layers, encoding = said_once(panel["layer"])
    spec = {**panel, **size, "layer": layers, "encoding": encoding}
    del spec["config"]
    if not figure.methods:
        return spec
    # "dense" is not among the figure's methods and always stays.
    shown = {"filter": "indexof(hidden, datum.method) < 0"}
    layers = [{**layer, "transform": [shown, *layer.get("transform", [])]} for layer in layers]
    return {**spec, "layer": layers, "params": [{"name": "hidden", "value": []}]}


def said_once(layers: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Layers without what they say alike of a channel, and that, which all of them inherit.

    A layer without such a channel says so.
    """
    every = [layer["encoding"] for layer in layers]
    shared = {}
    for channel in sorted({name for one in every for name in one}):
        own = [one[channel] for one in every if channel in one]
        if len(own) > 1 and (alike := _alike(own)):
            shared[channel] = alike
    told = [_without(one, shared) for one in every]
    return [{**layer, "encoding": one} for layer, one in zip(layers, told, strict=True)], shared


def _alike(definitions: list[Any]) -> Any:
    """What definitions of a channel have in common; each keeps its own field."""
    first, *others = definitions
    if isinstance(first, list):
        return first if all(one == first for one in others) else None
    fields = all("field" in one for one in definitions)
    return {
        name: value
        for name, value in first.items()
        if fields and name != "field" and all(name in one and one[name] == value for one in others)
    }


def _without(encoding: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {name: None for name in shared if name not in encoding}
    for channel, definition in encoding.items():
        known = shared.get(channel, {})
        if isinstance(definition, dict):
            own[channel] = {name: definition[name] for name in definition if name not in known}
        elif not known:
            own[channel] = definition
    return own


def _json(content: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
