"""The report as one self-contained page that opens offline."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert

from prunestudy.report.blocks import Block, Chart, Code, Fold, Section, grids_of
from prunestudy.report.contents import Contents
from prunestudy.report.figures import Figure, specification, theme
from prunestudy.report.formatting import plural
from prunestudy.report.palette import looks
from prunestudy.report.provenance import targets

# What the page's own script needs of the bundled libraries.
VEGA_GLOBAL = "window.vegaEmbed = vegaEmbed;"


def page(contents: Contents, sections: list[Section]) -> str:
    """The page's HTML, scripts, styles and charts included."""
    study = contents.inputs.study
    parts = [
        plural(len(study.tasks), "task"),
        plural(len(study.methods), "method"),
        plural(len(study.points), "operating point"),
        plural(len(study.seeds), "seed"),
    ]
    return _rendered(
        "page.html",
        title=study.report.title,
        authors=study.report.authors,
        subtitle=f"Study {study.name}: {', '.join(parts)}",
        sections=sections,
        looks={look.method: look for look in looks(contents.inputs)},
        script=_resource("page.js"),
        vega=_vega(),
        picks=_picks(sections, contents),
        charts=_json(_charts(sections)),
        themes=_json({"light": _page_theme(False), "dark": _page_theme(True)}),
    )


def comparison_page(title: str, sections: list[Section]) -> str:
    """A page of tables alone, for two versions of a study."""
    return _rendered("base.html", title=title, sections=sections, looks={})


def _rendered(name: str, sections: list[Section], **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    text = environment.get_template(name).render(
        style=_resource("style.css"),
        sections=sections,
        places=_places(sections),
        target=targets,
        **values,
    )
    return text if text.endswith("\n") else text + "\n"


def _picks(sections: list[Section], contents: Contents) -> dict[str, list[str]]:
    """What a reader can narrow the charts to: one task, one axis of cost."""
    figures = _figures([block for section in sections for block in section.blocks])
    picks = {
        "task": contents.inputs.tasks,
        "cost": [figure.cost for figure in figures if figure.cost],
    }
    return {name: choices for name, choices in picks.items() if len(choices) > 1}


def _places(sections: list[Section]) -> dict[str, str]:
    """What links may lead to: sections, grids, rows and folds with a name; and the id of each."""
    grids = grids_of(sections)
    folds = [block for section in sections for block in section.blocks if isinstance(block, Fold)]
    found = {name: name for grid in grids for name in grid.anchors if name}
    found |= {fold.name: fold.name for fold in folds if fold.name}
    codes = [block for fold in folds for block in fold.blocks if isinstance(block, Code)]
    found |= {name: name for code in codes for name in code.anchors if name}
    found |= {grid.label: f"table-{grid.label}" for grid in grids if grid.label}
    return {**{one.id: one.id for one in sections}, **found}


@cache
def _vega() -> str:
    bundle = vl_convert.javascript_bundle(VEGA_GLOBAL)
    return bundle.replace("</script", "<\\/script")


def _resource(name: str) -> str:
    return files("prunestudy.report").joinpath(name).read_text(encoding="utf-8")


def _page_theme(dark: bool) -> dict[str, Any]:
    """The figures' theme on the page's own ground, with the page's legend instead of theirs."""
    return {**theme(dark), "background": None, "legend": {"disable": True}}


def _charts(sections: list[Section]) -> dict[str, Any]:
    """Vega-Lite specifications by the id of their box."""
    found = {}
    for figure in _figures([block for section in sections for block in section.blocks]):
        for place, spec in enumerate(figure.specifications):
            found[f"{figure.name}-{place}"] = _switchable(specification(spec), figure)
    return found


def _figures(blocks: list[Block]) -> list[Figure]:
    found: list[Figure] = []
    for block in blocks:
        if isinstance(block, Chart):
            found.append(block.figure)
        elif isinstance(block, Fold):
            found += _figures(list(block.blocks))
    return found


def _switchable(spec: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """Give a panel a parameter that names the methods shown."""
    if not figure.methods:
        return spec
    # "dense" is not among the figure's methods and always stays.
    hidden = "indexof(hidden, datum.method) < 0"
    for layer in spec.get("layer", [spec]):
        layer["transform"] = [{"filter": hidden}, *layer.get("transform", [])]
    return {**spec, "params": [{"name": "hidden", "value": []}]}


def _json(content: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
