"""Reading ``params.yaml``: every problem at once, each with its place and its remedy."""

import typing
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from prunestudy.errors import ParamsError, Problem, near
from prunestudy.params.cross_checks import problems_across
from prunestudy.params.data_checks import problems_of_data
from prunestudy.params.plugin_checks import problems_of_user_code
from prunestudy.params.renames import renamed
from prunestudy.params.settings import Study
from prunestudy.params.yaml_files import read_yaml
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.settings import METHOD_TYPES
from prunestudy.settings.base import plain
from prunestudy.training.losses import settings as losses
from prunestudy.training.metrics import settings as metrics

# What pydantic puts into a location for the type that was chosen, and the group of keys behind it.
GROUPS: dict[str, type[BaseModel]] = {
    **METHOD_TYPES,
    losses.WITH_OPTIONS: losses.LossSettings,
    metrics.OF_YOUR_OWN: metrics.MetricSettings,
}
# What is wrong with a key, which need not be in the content.
OF_KEYS = ("missing", "extra_forbidden")
NO_MAPPING = ("model_type", "dict_type", "model_attributes_type")
REASONS = {
    "missing": "is required and missing",
    "extra_forbidden": "is not a known key",
    "union_tag_not_found": "needs a name",
    "literal_error": "is not a known value",
    "union_tag_invalid": "is not a known value",
}


# Problems that whoever reads a study finds in it beside those of the file itself.
More = Callable[[Study], list[Problem]]


def read_study(file: Path, more: More | None = None) -> Study:
    """Read and check a parameters file.

    Args:
        more: what else to look for, as where the study is to run.

    Raises:
        ParamsError: the file is missing, not YAML, or has problems; it lists all of them.
    """
    return check_study(read_yaml(file), str(file), more)


def check_study(content: Any, file: str = "params", more: More | None = None) -> Study:
    """Turn plain content into a study, or raise with every problem in it."""
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise ParamsError(file, [Problem("file", f"must be a mapping of keys, found {found}")])
    content, old_names = renamed(content)
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        wrong = [
            _problem(dict(item), content)
            for item in _of_nearest_types(error.errors(include_url=False), content)
            if not _inherited(item["loc"], content)
        ]
        apart = [each for one in wrong for each in one.apart()]
        raise ParamsError(file, [*old_names, *apart]) from None
    of_data = problems_of_data(study)
    # Of data that cannot be read nothing else can be told.
    others = more(study) if more and not of_data else ()
    problems = [
        *old_names,
        *problems_across(study),
        *of_data,
        *problems_of_user_code(study),
        *others,
    ]
    if problems:
        raise ParamsError(file, problems)
    return study


def written_out(content: Any) -> Any:
    """Content of a file by today's names with all defaults; as it is where it is not valid."""
    if not isinstance(content, dict):
        return content
    try:
        return plain(Study.model_validate(renamed(content)[0]))
    except ValidationError:
        return content


def _of_nearest_types(errors: list[ErrorDetails], content: Any) -> list[ErrorDetails]:
    """Of a value that may be of several types, what is wrong with it as the nearest of them."""
    types: dict[tuple[Any, ...], dict[Any, list[ErrorDetails]]] = {}
    for error in errors:
        location = error["loc"]
        tags = _tags(location, content, error["type"])
        at = max((place for place in tags if isinstance(location[place], str)), default=None)
        where, tag = ((), None) if at is None else (location[:at], location[at])
        types.setdefault(where, {}).setdefault(tag, []).append(error)
    nearest = [min(found.values(), key=_is_of_another_type) for found in types.values()]
    kept = {id(error) for some in nearest for error in some}
    return [error for error in errors if id(error) in kept]


def _is_of_another_type(errors: list[ErrorDetails]) -> bool:
    """Whether a value is wrong as a whole, and not something in it."""
    first = errors[0]
    word = first["type"] == "literal_error" and isinstance(first["input"], str)
    last = first["loc"][-1] if first["loc"] else ""
    as_a_whole = isinstance(last, str) and not word
    return as_a_whole and first["type"].endswith(("_type", "literal_error"))


def _problem(error: dict[str, Any], content: Any) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    tags = _tags(error["loc"], content, kind)
    location = [part for place, part in enumerate(error["loc"]) if place not in tags]
    path = ".".join(str(part) for part in location) or "study"
    given = error.get("input")
    if kind == "extra_forbidden":
        known = _known_keys(error["loc"][:-1])
        reason = REASONS[kind] + _of_method_type(error["loc"])
        others = [key for one in METHOD_TYPES.values() for key in one.model_fields]
        words = [*known, *others] if set(error["loc"]) & set(METHOD_TYPES) else known
        meant = near(location[-1], words)
        if "a closed loop" in error["loc"] and location[-1] in Controller.model_fields:
            return Problem(path, "belongs under controller:")
        return Problem(path, reason, ", ".join(known), meant if meant != location[-1] else "")
    if kind in ("literal_error", "union_tag_invalid"):
        expected = context.get("expected") or context.get("expected_tags", "")
        allowed = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        if kind == "union_tag_invalid":
            path, given = f"{path}.name", context.get("tag")
        reason = f"{given!r} {REASONS[kind]}"
        return Problem(path, reason, ", ".join(allowed), near(given, allowed))
    if kind == "unknown_name":
        known = context["allowed"]
        named = ", ".join([*known, *([context["others"]] if context["others"] else [])])
        return Problem(path, f"{given!r} is not a known value", named, near(given, known))
    if kind == "union_tag_not_found":
        return Problem(f"{path}.name", REASONS["missing"])
    if kind == "missing":
        return Problem(path, REASONS[kind])
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    if kind == "string_pattern_mismatch" and location[-1] == "[key]":
        path = ".".join(str(part) for part in location[:-1])
        reason = f"{given!r} cannot be a name"
        return Problem(path, reason, "lower-case letters, digits and _, starting with a letter")
    if kind == "too_short":
        least, found = context["min_length"], context["actual_length"]
        entries = "entry" if least == 1 else "entries"
        return Problem(path, f"needs at least {least} {entries}, found {found}")
    if kind in NO_MAPPING:
        found = "nothing" if given is None else _short(given)
        return Problem(path, f"must be a mapping of keys, found {found}")
    message = error["msg"][:1].lower() + error["msg"][1:]
    return Problem(path, f"{message}, found {_short(given)}")


def _inherited(location: tuple[Any, ...], content: Any) -> bool:
    """Whether it is wrong with training, which retraining inherits, and told there."""
    if location[:1] != ("tasks",) or location[2:3] != ("retraining",):
        return False
    task = content["tasks"].get(location[1])
    own = task.get("retraining", {}) if isinstance(task, dict) else None
    return own == {} or (isinstance(own, dict) and len(location) == 4 and location[3] not in own)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _tags(location: tuple[Any, ...], content: Any, kind: str) -> list[int]:
    """Where in a location pydantic put the chosen type of a union, or a list that is not there."""
    found = []
    for place, part in enumerate(location):
        inside = (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        )
        if inside:
            content = content[part]
        elif part != "[key]" and not (place == len(location) - 1 and kind in OF_KEYS):
            found.append(place)
    return found


def _of_method_type(location: tuple[Any, ...]) -> str:
    """For a key that other types of methods know: which type this one is, and which know it."""
    if len(location) < 2 or location[-2] not in METHOD_TYPES:
        return ""
    kind, key = location[-2:]
    others = [tag for tag, other in METHOD_TYPES.items() if key in other.model_fields]
    return f" of {kind}; it belongs to {' or '.join(others)}" if others else ""


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """The keys of the parameter group at a location, walking the types."""
    kind: Any = Study
    for part in location:
        kind = _step(kind, part)
    return list(kind.model_fields) if _is_model(kind) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _step(kind: Any, part: Any) -> Any:
    if _is_model(kind):
        field = kind.model_fields.get(part)
        return _core(field.annotation) if field else None
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        return _core(arguments[1])
    if typing.get_origin(kind) is list:
        return _core(arguments[0])
    if part in GROUPS:
        return GROUPS[part]
    tagged = [
        member
        for member in arguments
        if _is_model(member) and member.model_fields["name"].default == part
    ]
    return tagged[0] if tagged else None


def _core(kind: Any) -> Any:
    """Strip ``Annotated`` and ``| None``; a union of models stays for its tag to choose."""
    if typing.get_origin(kind) is typing.Annotated:
        return _core(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (UnionType, typing.Union):
        members = [member for member in typing.get_args(kind) if member is not type(None)]
        return _core(members[0]) if len(members) == 1 else kind
    return kind
