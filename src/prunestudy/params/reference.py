"""The reference of all parameters, docs/params.md, made from the types."""

import json
from collections.abc import Iterator
from typing import Any

from prunestudy.params.documented import scalar
from prunestudy.params.settings import Study
from prunestudy.pruning.criteria.settings import DOTTED
from prunestudy.pruning.settings import METHOD_TYPES
from prunestudy.settings.base import NAME, STUDY_NAME
from prunestudy.training.settings import Retraining

HEADER = """\
# Parameters

Every key of a parameters file, made from the types by `prunestudy schema --markdown`. A key without
a default must be given; one of default *none* may be left out. `prunestudy defaults` prints a study
with all defaults written out.
"""
PATTERNS = {NAME: "a name", STUDY_NAME: "a name", DOTTED.pattern: "`module.function` of your own"}
# Defaults that hang on another key.
IMPLIED = {
    ("OpenLoop", "min_width_ratio"): "`0.05`, unless unstructured",
    ("OpenLoop", "score_norm"): "`none` with global",
    ("OpenLoop", "sensitivity_max_drop"): "`0.02` with layer_sensitivity",
    ("OpenLoop", "pruning_fraction"): "`0.5` with stages",
    ("SplitShares", "test"): "`0.25`; with folds, of one",
    ("Task", "retraining"): "as training",
}
COLUMNS = ("key", "default", "allowed", "meaning", "example")


def reference() -> str:
    """The page: a table for each group of keys, in the order of the file."""
    schema = Study.model_json_schema()
    groups, sections = schema["$defs"], [_table("Study", schema)]
    for name in _in_order(schema, groups, []):
        text = groups[name]["description"].replace("``", "`")
        title = f"## {', '.join(groups[name]['places'])}{_kind(name, groups[name])}"
        sections.append(f"{title}\n\n{text}\n\n{_table(name, groups[name])}")
    return HEADER + "\n" + "\n\n".join(sections) + "\n"


def _in_order(group: dict[str, Any], known: dict[str, Any], place: list[str]) -> list[str]:
    """The groups that a group leads to, each once, with ``places`` set to where it is used."""
    found: list[str] = []
    for key, value in group.get("properties", {}).items():
        named = "patternProperties" in value
        for target in _targets(value):
            name = target.rpartition("/")[2]
            inner = [*place, key, *(["NAME"] if named else [])]
            places = known[name].setdefault("places", [])
            told = f"`{'.'.join(inner)}`"
            if told in places:
                continue
            first = not places
            places.append(told)
            if first:
                found += [name, *_in_order(known[name], known, inner)]
    return list(dict.fromkeys(found))


def _targets(value: Any) -> Iterator[str]:
    """The groups that a value refers to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for key, inner in value.items():
            if key not in ("discriminator", "description"):
                yield from _targets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _targets(inner)


def _kind(name: str, group: dict[str, Any]) -> str:
    """Which of several groups that stand in one place it is."""
    if "const" in group["properties"].get("name", {}):
        return f": {group['properties']['name']['const']}"
    kinds = {kind.__name__: tag for tag, kind in METHOD_TYPES.items()}
    return f": {kinds[name]}" if name in kinds else ""


def _table(name: str, group: dict[str, Any]) -> str:
    required = group.get("required", [])
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    for key, value in group["properties"].items():
        default = "" if key in required else _default(value)
        if name == Retraining.__name__:
            default = "as in training"
        default = IMPLIED.get((name, key), default)
        example = _example(value)
        shown = "" if example is None else f"`{key}: {scalar(example)}`"
        rows.append((f"`{key}`", default, _allowed(value), value.get("description", ""), shown))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _example(value: dict[str, Any]) -> Any:
    """One of the type's examples, else the default, else the first choice; groups have none."""
    if any(_targets(value)):
        return None
    for one in (value, *value.get("anyOf", [])):
        if "examples" in one:
            return one["examples"][0]
    known = value.get("const", value.get("default"))
    if known is not None:
        return known
    choices = (one.get("enum") for one in (value, *value.get("anyOf", [])))
    return next((names[0] for names in choices if names), None)


def _default(value: dict[str, Any]) -> str:
    if "default" not in value:
        return "its defaults"
    return "*none*" if value["default"] is None else f"`{scalar(value['default'])}`"


def _allowed(value: dict[str, Any]) -> str:
    """Bounds and choices in words."""
    kinds = [one for one in value.get("anyOf", [value]) if one.get("type") != "null"]
    return ", or ".join(filter(None, (_bounds(one) for one in kinds)))


def _bounds(value: dict[str, Any]) -> str:
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value:
        return _allowed(value)
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    kind = value.get("type")
    if kind == "array":
        most = value.get("maxItems")
        count = f"{value.get('minItems', 1)} to {most} of: " if most else "list of: "
        return count + (_allowed(value["items"]) or "names")
    if kind in ("integer", "number"):
        signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
        limits = [f"{sign} {_short(value[key])}" for key, sign in signs.items() if key in value]
        return " ".join([kind, *limits])
    if kind == "boolean":
        return "`true`, `false`"
    if kind == "string":
        return PATTERNS.get(value.get("pattern", ""), "text")
    if "patternProperties" in value and not any(_targets(value)):
        [of_names] = value["patternProperties"].values()
        return f"of names: {_allowed(of_names)}"
    if kind == "object" or "$ref" in value or "oneOf" in value:
        return "see below"
    return ""


def _short(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def schema_text() -> str:
    """The JSON schema of a parameters file, for editors."""
    return json.dumps(Study.model_json_schema(), indent=1, sort_keys=True, allow_nan=False) + "\n"
