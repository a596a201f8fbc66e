"""Every parameter has a bound, and a study at any of its bounds is planned in bounded time."""

import contextlib
import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study, read_study
from prunestudy.params.settings import Study
from prunestudy.plan.estimate import estimate
from prunestudy.plan.memory import oversized
from prunestudy.plan.plan import Plan
from prunestudy.settings.base import NAME, STUDY_NAME, plain
from tests.conftest import CONTENT, STUDIES

SECONDS = 5
FREE = ("boolean", "null")


def unbounded(value: dict[str, Any], place: str) -> Iterator[str]:
    """Places within a type's schema that have no upper bound."""
    choices = [*value.get("anyOf", []), *value.get("oneOf", [])]
    kind = value.get("type")
    if {"$ref", "const", "enum"} & set(value) or kind in FREE:
        return
    for choice in choices:
        yield from unbounded(choice, place)
    if kind in ("integer", "number"):
        yield from () if {"maximum", "exclusiveMaximum"} & set(value) else (place,)
    elif kind == "array":
        yield from () if "maxItems" in value else (place,)
        yield from unbounded(value["items"], f"{place}[]")
    elif kind == "string":
        named = value.get("pattern") in (NAME, STUDY_NAME)
        yield from () if named or "maxLength" in value else (place,)
    elif kind == "object":
        yield from () if "maxProperties" in value else (place,)
    elif not choices:
        yield place


def test_every_field_of_every_type_has_an_upper_bound():
    schema = Study.model_json_schema()
    groups = {**schema["$defs"], "Study": schema}
    fields = [
        (value, f"{name}.{key}")
        for name, g in groups.items()
        for key, value in g["properties"].items()
    ]
    assert len(fields) > 80
    assert [place for value, place in fields for place in unbounded(value, place)] == []


def numbers(params: BaseModel, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Places of numbers in a study, each with the largest value that its type allows."""
    properties = type(params).model_json_schema()["properties"]
    for name in type(params).model_fields:
        value = getattr(params, name)
        inner = value.items() if isinstance(value, dict) else [(None, value)]
        for key, one in inner:
            here = (*place, name) if key is None else (*place, name, key)
            if isinstance(one, BaseModel):
                yield from numbers(one, here)
        kinds = [properties[name], *properties[name].get("anyOf", [])]
        for most in (kind["maximum"] for kind in kinds if "maximum" in kind):
            whole = any(kind.get("type") == "integer" for kind in kinds)
            yield (*place, name), int(most) if whole else float(most)


WHOLE = read_study(STUDIES / "default.yaml")
LARGEST = list(numbers(WHOLE, ()))


def planned(content: dict[str, Any]) -> float:
    """Seconds until a study is refused in words, or planned and estimated."""
    begin = time.perf_counter()
    with contextlib.suppress(ParamsError):
        study = check_study(content, more=oversized)
        Plan(study)
        estimate(study)
    return time.perf_counter() - begin


def test_a_study_at_the_bound_of_any_number_is_planned_in_bounded_time():
    assert len(LARGEST) > 50
    smaller = {**plain(WHOLE), "seeds": [0]}
    for place, most in LARGEST:
        content = copy.deepcopy(smaller)
        group: Any = content
        for key in place[:-1]:
            group = group[key]
        group[place[-1]] = most
        assert planned(content) < SECONDS, place


def largest(**changed: Any) -> dict[str, Any]:
    """A study of one task and method, but for what is changed."""
    small = copy.deepcopy(CONTENT)
    small["tasks"] = {"diabetes": small["tasks"]["diabetes"]}
    small["methods"] = {"traditional": small["methods"]["traditional"]}
    return {**small, "seeds": [0], **changed}


TASK, METHOD = CONTENT["tasks"]["diabetes"], CONTENT["methods"]["iterative"]
LISTS = {
    "seeds": largest(seeds=list(range(1_000))),
    "compressions": largest(compressions=[float(2 + place) for place in range(100)]),
    "tasks": largest(tasks={f"task{place}": TASK for place in range(100)}),
    "methods": largest(methods={f"method{place}": METHOD for place in range(1_000)}),
    "all at once": largest(
        seeds=list(range(1_000)),
        tasks={f"task{place}": TASK for place in range(100)},
        methods={f"method{place}": METHOD for place in range(1_000)},
    ),
    "hidden": largest(
        tasks={"diabetes": {**TASK, "network": {"name": "mlp", "hidden": [65_536] * 64}}}
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_longest_lists_are_refused_or_planned_in_bounded_time(name: str):
    assert planned(LISTS[name]) < SECONDS


def test_what_is_too_much_only_together_is_refused_with_its_place():
    with pytest.raises(ParamsError) as found:
        check_study(LISTS["all at once"])
    assert [problem.path for problem in found.value.problems] == ["seeds"]
    many = largest(
        seeds=list(range(300)),
        compressions=[float(2 + place) for place in range(100)],
        methods={f"method{place}": METHOD for place in range(10)},
    )
    with pytest.raises(ParamsError) as found:
        check_study(many)
    assert [problem.path for problem in found.value.problems] == ["compressions"]
