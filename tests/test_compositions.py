"""Methods that make no sense are refused, each with its place and the reason."""

from typing import Any

import pytest

from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.criteria.settings import CRITERIA

SLIMMING = {"kind": "bn_l1"}
BOTH = "structured_unstructured"
CLOSED = {"schedule": "closed_loop", "allocation": "global"}


def problems(content: dict[str, Any]) -> dict[str, str]:
    """Every problem of a study: place → the whole line."""
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    return {problem.path: str(problem) for problem in caught.value.problems}


def with_methods(content: dict[str, Any], **methods: Any) -> dict[str, Any]:
    """The study with further methods."""
    return {**content, "methods": {**content["methods"], **methods}}


# Parts that fit.

ON_DIGITS = {"tasks": ["digits"]}
SNIP = {"criterion": "snip", "start": "initial", "granularity": "unstructured"}


@pytest.mark.parametrize(
    "method",
    [
        SNIP,
        {**SNIP, "allocation": "erk"},
        {"criterion": "bn_scale", **ON_DIGITS},
        {"criterion": "bn_scale", "regulariser": SLIMMING, **ON_DIGITS},
        {"criterion": "magnitude", "regulariser": {"kind": "group_lasso"}},
        {"criterion": "magnitude", "regulariser": {"kind": "l1"}, "granularity": "unstructured"},
        {"criterion": "obd", "granularity": "structured_unstructured"},
        {"criterion": "taylor", "allocation": "quota", "schedule": "linear", "stages": 2},
        {"criterion": "random", "allocation": "like:traditional"},
        {"criterion": "random", "allocation": "like:adaptive"},
        {"criterion": "magnitude", "sharing": {"clusters": 2, "epochs": 0}},
        {"criterion": "magnitude", "retraining": "rewind_weights"},
        {"control": "dense_extra"},
        {"control": "scratch_e", "of": "adaptive"},
        {"control": "scratch_b", "of": "traditional", "tasks": ["diabetes"]},
    ],
)
def test_compositions_that_fit(content: dict[str, Any], method: dict[str, Any]):
    found = check_study(with_methods(content, mine=method)).methods["mine"]
    assert found.model_dump(exclude_unset=True) == method


# Parts that do not fit each other.


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ({"criterion": "snip", "granularity": "unstructured"}, "write start: initial"),
        ({"criterion": "snip", "start": "initial"}, "use granularity unstructured"),
        ({"criterion": "magnitude", "allocation": "erk"}, "erk gives densities of weights"),
        (
            {"criterion": "obd", "allocation": "erk", "granularity": "structured_unstructured"},
            "erk gives densities of weights",
        ),
        (
            {"criterion": "sensitivity", "granularity": "unstructured"},
            "sensitivity scores units, not weights",
        ),
        (
            {"criterion": "weight_spread", "granularity": "structured_unstructured"},
            "weight_spread scores units, not weights",
        ),
        (
            {"criterion": "magnitude", "allocation": "quota", "granularity": "unstructured"},
            "quota removes units of a layer",
        ),
        (
            {"criterion": "magnitude", "allocation": "quota", "start": "initial"},
            "quota measures layers of a trained network",
        ),
        (
            {
                "criterion": "magnitude",
                "granularity": "unstructured",
                "regulariser": {"kind": "group_lasso"},
            },
            "group_lasso empties whole units",
        ),
        (
            {
                "criterion": "random",
                "allocation": "like:traditional",
                "schedule": "linear",
                "stages": 2,
            },
            "use one_shot",
        ),
        ({**CLOSED, "controller": {"criteria": ["snip"]}}, "snip"),
        ({**SNIP, "retraining": "rewind_weights"}, "nothing to rewind to"),
        ({**SNIP, "regulariser": {"kind": "l1"}}, "without a regulariser"),
        ({**SNIP, "schedule": "cubic", "stages": 3}, "one_shot"),
        ({"control": "scratch_e"}, "scratch_e needs of"),
        ({"control": "scratch_b"}, "scratch_b needs of"),
        ({"control": "dense_extra", "of": "traditional"}, "takes no other method's shapes"),
    ],
)
def test_parts_that_do_not_fit(content: dict[str, Any], method: dict[str, Any], reason: str):
    [(place, line)] = problems(with_methods(content, mine=method)).items()
    assert place == "methods.mine"
    assert reason in line


# Keys that a type of method does not have.


@pytest.mark.parametrize(
    ("method", "key", "of", "belongs"),
    [
        ({**CLOSED, "criterion": "magnitude"}, "criterion", "a closed loop", "an open loop"),
        ({**CLOSED, "granularity": "structured"}, "granularity", "a closed loop", "an open loop"),
        ({**CLOSED, "stages": 3}, "stages", "a closed loop", "an open loop"),
        ({**CLOSED, "of": "traditional"}, "of", "a closed loop", "a baseline"),
        ({"criterion": "obd", "of": "traditional"}, "of", "an open loop", "a baseline"),
        ({"criterion": "obd", "controller": {}}, "controller", "an open loop", "a closed loop"),
        ({"control": "dense_extra", "criterion": "obd"}, "criterion", "a baseline", "an open loop"),
        (
            {"control": "scratch_e", "of": "traditional", "floor": 0.05},
            "floor",
            "a baseline",
            "an open loop or a closed loop",
        ),
    ],
)
def test_a_key_that_belongs_to_another_type_of_method(
    content: dict[str, Any], method: dict[str, Any], key: str, of: str, belongs: str
):
    [(place, line)] = problems(with_methods(content, mine=method)).items()
    assert place == f"methods.mine.{key}"
    assert f"is not a known key of {of}; it belongs to {belongs}; allowed: " in line


def test_an_unknown_key_of_a_method_near_one_of_its_type(content: dict[str, Any]):
    mine = {"control": "scratch_e", "of": "traditional", "retrainin": "distill"}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.retrainin"
    assert "allowed: control, of, retraining, distillation, tasks" in line
    assert line.endswith("did you mean 'retraining'?")


@pytest.mark.parametrize("value", [None, 3, [1]])
def test_a_method_that_is_no_mapping(content: dict[str, Any], value: Any):
    [(place, line)] = problems(with_methods(content, mine=value)).items()
    assert place == "methods.mine"
    assert "dictionary" in line


# Methods that do not fit their tasks.


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ({"criterion": "bn_scale"}, "criterion"),
        ({**CLOSED, "controller": {"criteria": ["magnitude", "bn_scale"]}}, "criterion"),
        ({"criterion": "magnitude", "regulariser": SLIMMING}, "regulariser"),
    ],
)
def test_parts_that_need_batch_norm_name_the_task_without_it(
    content: dict[str, Any], method: dict[str, Any], key: str
):
    [(place, line)] = problems(with_methods(content, mine=method)).items()
    assert place == f"methods.mine.{key}"
    assert "needs BatchNorm" in line
    assert "task 'diabetes' (mlp)" in line
    assert "methods.mine.tasks" in line
    assert "digits" not in line


def test_a_task_that_is_not_in_the_study(content: dict[str, Any]):
    mine = {"criterion": "random", "tasks": ["digits", "wdbc"]}
    assert problems(with_methods(content, mine=mine)) == {
        "methods.mine.tasks": "methods.mine.tasks: 'wdbc' is not a task of the study; "
        "allowed: diabetes, digits"
    }


def test_a_task_near_one_of_the_study(content: dict[str, Any]):
    mine = {"criterion": "random", "tasks": ["digit"]}
    [line] = problems(with_methods(content, mine=mine)).values()
    assert line.endswith("did you mean 'digits'?")


# Methods that look at others.


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ({"criterion": "random", "allocation": "like:adaptiv"}, "allocation"),
        ({"control": "scratch_e", "of": "adaptiv"}, "of"),
    ],
)
def test_a_method_that_is_not_in_the_study(
    content: dict[str, Any], method: dict[str, Any], place: str
):
    [(found, line)] = problems(with_methods(content, mine=method)).items()
    assert found == f"methods.mine.{place}"
    assert "'adaptiv' is not a method of the study" in line
    assert "allowed: traditional, iterative, adaptive, mine" in line
    assert line.endswith("did you mean 'adaptive'?")


def test_methods_that_look_at_each_other_in_a_circle(content: dict[str, Any]):
    circle = {
        "first": {"criterion": "random", "allocation": "like:third"},
        "second": {"criterion": "random", "allocation": "like:first"},
        "third": {"criterion": "random", "allocation": "like:second"},
    }
    found = problems(with_methods(content, **circle))
    assert set(found) == {f"methods.{name}.allocation" for name in circle}
    assert "'third' depends on 'first' itself" in found["methods.first.allocation"]


def test_a_method_that_looks_at_itself(content: dict[str, Any]):
    mine = {"criterion": "random", "allocation": "like:mine"}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.allocation"
    assert "'mine' depends on 'mine' itself" in line


@pytest.mark.parametrize(
    ("mine", "other"),
    [("unstructured", "structured"), ("structured", "structured_unstructured")],
)
def test_proportions_of_another_granularity(content: dict[str, Any], mine: str, other: str):
    methods = {
        "mine": {"criterion": "random", "allocation": "like:other", "granularity": mine},
        "other": {"criterion": "magnitude", "granularity": other},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.allocation"
    assert f"'other' is {other}, 'mine' is {mine}" in line


def test_shapes_of_a_method_that_has_the_dense_ones(content: dict[str, Any]):
    methods = {
        "mine": {"control": "scratch_e", "of": "weights"},
        "weights": {"criterion": "magnitude", "granularity": "unstructured"},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.of"
    assert "its shapes are the dense ones" in line


def test_proportions_of_a_control(content: dict[str, Any]):
    methods = {
        "mine": {"criterion": "random", "allocation": "like:extra"},
        "extra": {"control": "dense_extra"},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.allocation"
    assert "is a control" in line


def test_a_method_that_does_not_run_on_the_same_tasks(content: dict[str, Any]):
    methods = {
        "mine": {"criterion": "random", "allocation": "like:other"},
        "other": {"criterion": "bn_scale", "tasks": ["digits"]},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.allocation"
    assert "'other' does not run on diabetes" in line


# Names and numbers.


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("magnitud", "magnitude"),
        ("tailor", "taylor"),
        ("bnscale", "bn_scale"),
        ("SNIP", ""),
        ("activation_varience", "activation_variance"),
    ],
)
def test_an_unknown_criterion(content: dict[str, Any], given: str, near: str):
    methods = {
        "mine": {"criterion": given},
        "loop": {**CLOSED, "controller": {"criteria": ["random", given]}},
    }
    found = problems(with_methods(content, **methods))
    assert set(found) == {"methods.mine.criterion", "methods.loop.controller.criteria.1"}
    for line in found.values():
        assert f"{given!r} is not a known value" in line
        assert f"allowed: {', '.join(CRITERIA)}, or module.function of your own" in line
        assert line.endswith(f"did you mean '{near}'?") == bool(near)


@pytest.mark.parametrize(
    ("given", "near"), [("unifrom", "uniform"), ("like:", ""), ("erk1", "erk")]
)
def test_an_unknown_allocation(content: dict[str, Any], given: str, near: str):
    mine = {"criterion": "magnitude", "allocation": given}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.allocation"
    assert f"allowed: {', '.join(ALLOCATIONS)}, or like:METHOD" in line
    assert line.endswith(f"did you mean '{near}'?") == bool(near)


@pytest.mark.parametrize(
    ("key", "given", "near"),
    [
        ("granularity", "structred", "structured"),
        ("schedule", "oneshot", "one_shot"),
        ("normalise", "layers", "layer"),
        ("retraining", "rewind", "rewind_lr"),
        ("start", "initials", "initial"),
        ("control", "scratch", "scratch_e"),
    ],
)
def test_an_unknown_word_of_a_method(content: dict[str, Any], key: str, given: str, near: str):
    found = problems(with_methods(content, mine={"criterion": "magnitude", key: given}))
    line = found[f"methods.mine.{key}"]
    assert f"{given!r} is not a known value" in line
    assert f"did you mean '{near}" in line


@pytest.mark.parametrize("value", [0, 1, -0.5, 1.5, float("nan"), float("inf"), "0.5", True])
@pytest.mark.parametrize(
    "place",
    [
        ("mine", "prune_share"),
        ("mine", "regulariser", "share"),
        ("loop", "controller", "step"),
        ("loop", "controller", "shrink"),
        ("loop", "controller", "walk_share"),
    ],
    ids=".".join,
)
def test_ratios_lie_between_zero_and_one(
    content: dict[str, Any], place: tuple[str, ...], value: Any
):
    methods: dict[str, Any] = {
        "mine": {"criterion": "magnitude", "regulariser": {"kind": "l1"}},
        "loop": {**CLOSED, "controller": {}},
    }
    group: Any = methods
    for key in place[:-1]:
        group = group[key]
    group[place[-1]] = value
    assert list(problems(with_methods(content, **methods))) == [f"methods.{'.'.join(place)}"]


@pytest.mark.parametrize("value", [1, 1.5, -0.1, float("nan"), float("inf")])
def test_a_floor_leaves_something_to_remove(content: dict[str, Any], value: float):
    mine = {"criterion": "magnitude", "floor": value}
    assert list(problems(with_methods(content, mine=mine))) == ["methods.mine.floor"]


@pytest.mark.parametrize("value", [1, 0, -2, 0.5, float("nan"), float("inf"), "2", True])
def test_an_operating_point_is_a_compression_above_one(content: dict[str, Any], value: Any):
    assert list(problems({**content, "points": [value]})) == ["points.0"]


@pytest.mark.parametrize("value", [1, 256, 0, -3, 2.5])
def test_clusters_fit_a_byte(content: dict[str, Any], value: Any):
    mine = {"criterion": "magnitude", "sharing": {"clusters": value}}
    assert list(problems(with_methods(content, mine=mine))) == ["methods.mine.sharing.clusters"]


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_penalty_has_a_strength(content: dict[str, Any], value: float):
    mine = {"criterion": "magnitude", "regulariser": {"kind": "l1", "strength": value}}
    assert list(problems(with_methods(content, mine=mine))) == ["methods.mine.regulariser.strength"]
