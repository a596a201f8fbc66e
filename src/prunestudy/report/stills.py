"""A panel as a small SVG in the page: what is there before its script draws, and without it.

It leaves out what says nothing: words for screen readers, which have the figure's own; groups that
only nest; styles that all marks of a group share, which the group says once.
"""

import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from prunestudy.report.drawings import svg

WIDTH = 340
NEEDLESS = re.compile(r"aria-.*|role|class|pointer-events|font-family")
DEFAULTS = {("opacity", "1"), ("stroke-width", "1"), ("transform", "translate(0,0)")}
UNSEEN = {("display", "none"), ("opacity", "0")}
INHERITED = (
    *("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-miterlimit"),
    *("text-anchor", "font-size", "font-weight"),
)
PLACES = ("transform", "d", "x", "y", "x1", "y1", "x2", "y2", "width", "height")
FINER = re.compile(r"(\.\d)\d+")


def still(spec: dict[str, Any], name: str) -> str:
    """The drawing of a panel; ``name`` keeps what it defines apart from other panels'."""
    drawn = svg({**spec, "width": WIDTH}, f"{name}-").replace(' xmlns="', ' plain="', 1)
    root = _smaller(ElementTree.fromstring(drawn))
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true", "class": "still"}
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _smaller(node: Element) -> Element:
    """The same picture with less to say."""
    inner = [_smaller(child) for child in node if _seen(child)]
    node[:] = [
        part
        for child in inner
        for part in (child if child.tag == "g" and not child.attrib else [child])
        if len(part) or part.tag != "g"
    ]
    given = {
        name: FINER.sub(r"\1", value) if name in PLACES else value
        for name, value in node.items()
        if not NEEDLESS.fullmatch(name) and (name, value) not in DEFAULTS
    }
    if "role-mark" in node.get("class", ""):
        # What is drawn, apart from axes.
        given["class"] = node.attrib["class"].split()[0]
    for name in INHERITED if node.tag == "g" else ():
        values = {part.get(name) for part in node}
        if len(values) == 1 and None not in values:
            given[name] = str(values.pop())
            for part in node:
                del part.attrib[name]
    node.attrib = given
    return node


def _seen(node: Element) -> bool:
    # What lies behind and before a group's marks has a colour of its own, or nobody sees it.
    bare = node.get("class") == "background" and not {"fill", "stroke"} & {*node.keys()}
    return not bare and not UNSEEN & {*node.items()}
