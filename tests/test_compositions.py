"""Methods that make no sense are refused, each with its place and the reason."""

from typing import Any

import pytest

from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.criteria.settings import CRITERIA

SLIMMING = {"kind": "bn_l1"}
BOTH = "hybrid"
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
FIXED = "an open loop or a method with layer_ratios_from"
SNIP = {"criterion": "snip", "prune_at": "initial", "granularity": "unstructured"}


@pytest.mark.parametrize(
    "method",
    [
        SNIP,
        {**SNIP, "allocation": "erk"},
        {"criterion": "bn_scale", **ON_DIGITS},
        {"criterion": "bn_scale", "regulariser": SLIMMING, **ON_DIGITS},
        {"criterion": "magnitude", "regulariser": {"kind": "group_lasso"}},
        {"criterion": "magnitude", "regulariser": {"kind": "l1"}, "granularity": "unstructured"},
        {"criterion": "obd", "granularity": "hybrid"},
        {
            "criterion": "taylor",
            "allocation": "layer_sensitivity",
            "schedule": "linear",
            "stages": 2,
        },
        {"criterion": "random", "layer_ratios_from": "traditional"},
        {"criterion": "random", "layer_ratios_from": "adaptive"},
        {"criterion": "magnitude", "weight_sharing": {"clusters": 2, "epochs": 0}},
        {"criterion": "magnitude", "retraining": "rewind_weights"},
        {"baseline": "dense_longer"},
        {"baseline": "scratch_e", "shapes_of": "adaptive"},
        {"baseline": "scratch_b", "shapes_of": "traditional", "tasks": ["diabetes"]},
        {"baseline": "equal_compute", "method": "iterative", "effort_of": "adaptive"},
        {"baseline": "best_of_fixed", "among": ["iterative", "traditional"]},
        {"criterion": "obd", "granularity": "unstructured", "bisect": 5},
    ],
)
def test_compositions_that_fit(content: dict[str, Any], method: dict[str, Any]):
    found = check_study(with_methods(content, mine=method)).methods["mine"]
    assert method.items() <= found.model_dump(exclude_unset=True).items()


# Parts that do not fit each other.


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ({"criterion": "snip", "granularity": "unstructured"}, "write prune_at: initial"),
        ({"criterion": "snip", "prune_at": "initial"}, "use granularity unstructured"),
        ({"criterion": "magnitude", "allocation": "erk"}, "erk gives densities of weights"),
        (
            {"criterion": "obd", "allocation": "erk", "granularity": "hybrid"},
            "erk gives densities of weights",
        ),
        (
            {"criterion": "sensitivity", "granularity": "unstructured"},
            "sensitivity scores units, not weights",
        ),
        (
            {"criterion": "weight_spread", "granularity": "hybrid"},
            "weight_spread scores units, not weights",
        ),
        (
            {
                "criterion": "magnitude",
                "allocation": "layer_sensitivity",
                "granularity": "unstructured",
            },
            "layer_sensitivity removes units of a layer",
        ),
        (
            {"criterion": "magnitude", "allocation": "layer_sensitivity", "prune_at": "initial"},
            "layer_sensitivity measures layers of a trained network",
        ),
        (
            {
                "criterion": "magnitude",
                "granularity": "unstructured",
                "regulariser": {"kind": "group_lasso"},
            },
            "group_lasso empties whole units",
        ),
        ({**CLOSED, "controller": {"criteria": ["snip"]}}, "snip"),
        ({**SNIP, "retraining": "rewind_weights"}, "nothing to rewind to"),
        ({**SNIP, "regulariser": {"kind": "l1"}}, "without a regulariser"),
        ({**SNIP, "schedule": "cubic", "stages": 3}, "one_shot"),
        ({"baseline": "scratch_e"}, "scratch_e needs shapes_of"),
        ({"baseline": "scratch_b"}, "scratch_b needs shapes_of"),
        (
            {"baseline": "dense_longer", "shapes_of": "traditional"},
            "dense_longer does not read shapes_of; remove it",
        ),
        ({"baseline": "equal_compute", "method": "traditional"}, "equal_compute needs effort_of"),
        ({"baseline": "best_of_fixed"}, "best_of_fixed needs among"),
        (
            {
                "baseline": "best_of_fixed",
                "among": ["traditional", "iterative"],
                "retraining": "distill",
            },
            "best_of_fixed has the retraining of what it names",
        ),
        ({**SNIP, "bisect": True}, "bisect keeps to a budget below the trained network"),
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
        ({**CLOSED, "criterion": "magnitude"}, "criterion", "a closed loop", FIXED),
        ({**CLOSED, "granularity": "structured"}, "granularity", "a closed loop", FIXED),
        ({**CLOSED, "shapes_of": "traditional"}, "shapes_of", "a closed loop", "a baseline"),
        (
            {"criterion": "obd", "shapes_of": "traditional"},
            "shapes_of",
            "an open loop",
            "a baseline",
        ),
        ({"criterion": "obd", "controller": {}}, "controller", "an open loop", "a closed loop"),
        (
            {"baseline": "dense_longer", "criterion": "obd"},
            "criterion",
            "a baseline",
            FIXED,
        ),
        (
            {"baseline": "scratch_e", "shapes_of": "traditional", "min_width_ratio": 0.05},
            "min_width_ratio",
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


@pytest.mark.parametrize("key", ["stages", "step", "criteria", "resource"])
def test_a_key_of_the_controller_is_sent_there(content: dict[str, Any], key: str):
    [(place, line)] = problems(with_methods(content, mine={**CLOSED, key: 3})).items()
    assert place == f"methods.mine.{key}"
    assert line.endswith("belongs under controller:")


def test_an_unknown_key_of_a_method_near_one_of_its_type(content: dict[str, Any]):
    mine = {"baseline": "scratch_e", "shapes_of": "traditional", "retrainin": "distill"}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.retrainin"
    assert "allowed: baseline, shapes_of, method, effort_of, among, retraining, " in line
    assert line.endswith("did you mean 'retraining'?")


@pytest.mark.parametrize("value", [None, 3, [1]])
def test_a_method_that_is_no_mapping(content: dict[str, Any], value: Any):
    [(place, line)] = problems(with_methods(content, mine=value)).items()
    assert place == "methods.mine"
    assert "must be a mapping of keys" in line


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
        ({"criterion": "random", "layer_ratios_from": "adaptiv"}, "layer_ratios_from"),
        ({"baseline": "scratch_e", "shapes_of": "adaptiv"}, "shapes_of"),
        (
            {"baseline": "equal_compute", "method": "traditional", "effort_of": "adaptiv"},
            "effort_of",
        ),
        ({"baseline": "best_of_fixed", "among": ["traditional", "adaptiv"]}, "among.1"),
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
        "first": {"criterion": "random", "layer_ratios_from": "third"},
        "second": {"criterion": "random", "layer_ratios_from": "first"},
        "third": {"criterion": "random", "layer_ratios_from": "second"},
    }
    found = problems(with_methods(content, **circle))
    assert set(found) == {f"methods.{name}.layer_ratios_from" for name in circle}
    assert "'third' depends on 'first' itself" in found["methods.first.layer_ratios_from"]


def test_a_method_that_looks_at_itself(content: dict[str, Any]):
    mine = {"criterion": "random", "layer_ratios_from": "mine"}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.layer_ratios_from"
    assert "'mine' depends on 'mine' itself" in line


def test_a_choice_is_among_several(content: dict[str, Any]):
    best = {"baseline": "best_of_fixed", "among": ["traditional"]}
    assert problems(with_methods(content, best=best)) == {
        "methods.best.among": "methods.best.among: needs at least 2 entries, found 1"
    }


def test_choices_among_each_other_in_a_circle(content: dict[str, Any]):
    circle = {
        "first": {"baseline": "best_of_fixed", "among": ["traditional", "second"]},
        "second": {"baseline": "best_of_fixed", "among": ["first", "traditional"]},
    }
    found = problems(with_methods(content, **circle))
    assert set(found) == {"methods.first.among.1", "methods.second.among.0"}
    assert "'second' depends on 'first' itself" in found["methods.first.among.1"]


@pytest.mark.parametrize(
    ("mine", "place", "reason"),
    [
        (
            {"baseline": "equal_compute", "method": "adaptive", "effort_of": "adaptive"},
            "method",
            "'adaptive' has no fixed ratios of its own",
        ),
        (
            {"baseline": "equal_compute", "method": "traditional", "effort_of": "iterative"},
            "effort_of",
            "'iterative' is no closed loop",
        ),
        (
            {"baseline": "best_of_fixed", "among": ["traditional", "adaptive"]},
            "among.1",
            "'adaptive' has no fixed ratios of its own",
        ),
        (
            {"baseline": "best_of_fixed", "among": ["traditional", "weights"]},
            "among.1",
            "'weights' is unstructured, the first of them structured",
        ),
        (
            {"baseline": "best_of_fixed", "among": ["traditional", "sized"]},
            "among.1",
            "'sized' bisects, the first of them does not",
        ),
        (
            {"baseline": "best_of_fixed", "among": ["sized", "traditional"]},
            "among.1",
            "'traditional' does not bisect, the first of them does",
        ),
        (
            {"baseline": "best_of_fixed", "among": ["traditional", "elsewhere"]},
            "among.1",
            "'elsewhere' does not run on diabetes",
        ),
        (
            {"baseline": "equal_compute", "method": "elsewhere", "effort_of": "adaptive"},
            "method",
            "'elsewhere' does not run on diabetes",
        ),
        (
            {"baseline": "equal_compute", "method": "mine", "effort_of": "adaptive"},
            "method",
            "'mine' depends on 'mine' itself",
        ),
    ],
)
def test_methods_that_cannot_be_what_a_baseline_needs(
    content: dict[str, Any], mine: dict[str, Any], place: str, reason: str
):
    further = {
        "weights": {"criterion": "magnitude", "granularity": "unstructured"},
        "sized": {"criterion": "magnitude", "bisect": True},
        "elsewhere": {"criterion": "random", "tasks": ["digits"]},
    }
    [(found, line)] = problems(with_methods(content, mine=mine, **further)).items()
    assert found == f"methods.mine.{place}"
    assert reason in line


@pytest.mark.parametrize(
    ("mine", "other"),
    [("unstructured", "structured"), ("structured", "hybrid")],
)
def test_layer_ratios_of_another_granularity(content: dict[str, Any], mine: str, other: str):
    methods = {
        "mine": {"criterion": "random", "layer_ratios_from": "other", "granularity": mine},
        "other": {"criterion": "magnitude", "granularity": other},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.layer_ratios_from"
    assert f"'other' is {other}, 'mine' is {mine}" in line


def test_shapes_of_a_method_that_has_the_dense_ones(content: dict[str, Any]):
    methods = {
        "mine": {"baseline": "scratch_e", "shapes_of": "weights"},
        "weights": {"criterion": "magnitude", "granularity": "unstructured"},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.shapes_of"
    assert "its shapes are the dense ones" in line


def test_layer_ratios_of_a_control(content: dict[str, Any]):
    methods = {
        "mine": {"criterion": "random", "layer_ratios_from": "extra"},
        "extra": {"baseline": "dense_longer"},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.layer_ratios_from"
    assert "is a baseline" in line


def test_a_method_that_does_not_run_on_the_same_tasks(content: dict[str, Any]):
    methods = {
        "mine": {"criterion": "random", "layer_ratios_from": "other"},
        "other": {"criterion": "bn_scale", "tasks": ["digits"]},
    }
    [(place, line)] = problems(with_methods(content, **methods)).items()
    assert place == "methods.mine.layer_ratios_from"
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


@pytest.mark.parametrize(("given", "near"), [("unifrom", "uniform"), ("erk1", "erk")])
def test_an_unknown_allocation(content: dict[str, Any], given: str, near: str):
    mine = {"criterion": "magnitude", "allocation": given}
    [(place, line)] = problems(with_methods(content, mine=mine)).items()
    assert place == "methods.mine.allocation"
    assert f"allowed: {', '.join(ALLOCATIONS)}" in line
    assert line.endswith(f"did you mean '{near}'?") == bool(near)


@pytest.mark.parametrize(
    ("key", "given", "near"),
    [
        ("granularity", "structred", "structured"),
        ("schedule", "oneshot", "one_shot"),
        ("score_norm", "layers", "layer"),
        ("retraining", "rewind", "rewind_lr"),
        ("prune_at", "initials", "initial"),
        ("baseline", "scratch", "scratch_e"),
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
        ("mine", "pruning_fraction"),
        ("mine", "regulariser", "share"),
        ("loop", "controller", "step"),
        ("loop", "controller", "shrink"),
        ("loop", "controller", "pruning_fraction"),
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
    mine = {"criterion": "magnitude", "min_width_ratio": value}
    assert list(problems(with_methods(content, mine=mine))) == ["methods.mine.min_width_ratio"]


@pytest.mark.parametrize("value", [1, 0, -2, 0.5, float("nan"), float("inf"), "2", True])
def test_an_operating_point_is_a_compression_above_one(content: dict[str, Any], value: Any):
    assert list(problems({**content, "compressions": [value]})) == ["compressions.0"]


@pytest.mark.parametrize("value", [1, 256, 0, -3, 2.5])
def test_clusters_fit_a_byte(content: dict[str, Any], value: Any):
    mine = {"criterion": "magnitude", "weight_sharing": {"clusters": value}}
    assert list(problems(with_methods(content, mine=mine))) == [
        "methods.mine.weight_sharing.clusters"
    ]


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_penalty_has_a_strength(content: dict[str, Any], value: float):
    mine = {"criterion": "magnitude", "regulariser": {"kind": "l1", "strength": value}}
    assert list(problems(with_methods(content, mine=mine))) == ["methods.mine.regulariser.strength"]
