"""A study as a documented ``params.yaml``."""

import json
from typing import Any

from pydantic import BaseModel

from prunestudy.params.settings import Study
from prunestudy.settings.base import Params

HEADER = """\
# yaml-language-server: $schema=docs/params.schema.json
# Parameters of a pruning study. Edit, then run `make study`: only what depends on the edit reruns.
# `prunestudy check` lists every problem; docs/params.schema.json lets editors complete keys.
"""


def documented(study: Study, unset: bool = False) -> str:
    """A study as YAML; each key is explained by its type where it first appears.

    Args:
        unset: whether keys without a value are there, as comments, and those that decide no number.
    """
    return HEADER + "\n".join(_lines(study, 0, set(), unset)) + "\n"


def _lines(params: Params, depth: int, seen: set[tuple[type, str]], unset: bool) -> list[str]:
    lines: list[str] = []
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if not unset and (value is None or field.exclude):
            continue
        owner = next(kind for kind in type(params).__mro__ if name in kind.__annotations__)
        if value is None:
            if (owner, name) not in seen:
                lines.append(f"{'  ' * depth}#: {name}:  # {field.description}")
            seen.add((owner, name))
            continue
        comment = ""
        if (owner, name) not in seen and field.description:
            comment = field.description
        seen.add((owner, name))
        if depth == 0 and lines:
            lines.append("")
        lines += _entry(name, value, depth, seen, unset, comment)
    return lines


def _entry(
    name: str, value: Any, depth: int, seen: set[tuple[type, str]], unset: bool, comment: str
) -> list[str]:
    indent = "  " * depth
    note = f"  # {comment}" if comment else ""
    if isinstance(value, BaseModel) or (isinstance(value, dict) and value):
        inner = (
            _lines(value, depth + 1, seen, unset)  # type: ignore[arg-type]
            if isinstance(value, BaseModel)
            else [
                line
                for key, item in value.items()
                for line in _entry(str(key), item, depth + 1, seen, unset, "")
            ]
        )
        return [f"{indent}{name}:{note}", *inner]
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        groups = [_lines(one, depth + 2, seen, unset) for one in value]
        dashed = [[f"{indent}  - {first.lstrip()}", *rest] for first, *rest in groups]
        return [f"{indent}{name}:{note}", *(line for group in dashed for line in group)]
    return [f"{indent}{name}: {scalar(value)}{note}"]


def scalar(value: Any) -> str:
    """A value of a parameter as YAML writes it in one line."""
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        plain = value.replace("_", "").replace(" ", "")
        words = plain.isascii() and plain.isalnum() and not plain[0].isdigit()
        safe = words and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off")
        return (
            value
            if safe and value == value.strip()
            else json.dumps(value, ensure_ascii=False, allow_nan=False)
        )
    return str(value)
