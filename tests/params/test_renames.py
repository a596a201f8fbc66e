"""Old names of parameters are refused with the new one, and what else is wrong is told beside."""

from typing import Any

import pytest

from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study


def problems(content: dict[str, Any]) -> dict[str, str]:
    """Place → what is wrong there."""
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    return {problem.path: problem.reason for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("method", "key", "reason"),
    [
        ({"criterion": "obd", "start": "trained"}, "start", "was renamed to 'prune_at'"),
        ({"criterion": "obd", "floor": 0.1}, "floor", "was renamed to 'min_width_ratio'"),
        ({"criterion": "obd", "sharing": {}}, "sharing", "was renamed to 'weight_sharing'"),
        (
            {"criterion": "obd", "allocation": "global", "normalise": "mean"},
            "normalise",
            "was renamed to 'score_norm'",
        ),
        (
            {"criterion": "obd", "allocation": "layer_sensitivity", "quota_drop": 0.1},
            "quota_drop",
            "was renamed to 'sensitivity_max_drop'",
        ),
        (
            {"criterion": "obd", "schedule": "cubic", "stages": 2, "prune_share": 0.4},
            "prune_share",
            "was renamed to 'pruning_fraction'",
        ),
        ({"control": "scratch_e", "shapes_of": "adaptive"}, "control", "was renamed to 'baseline'"),
        ({"baseline": "scratch_e", "of": "adaptive"}, "of", "was renamed to 'shapes_of'"),
        (
            {"schedule": "closed_loop", "controller": {"recovery": 0.5}},
            "controller.recovery",
            "was renamed to 'expected_recovery'",
        ),
        (
            {"schedule": "closed_loop", "controller": {"proposals": 3}},
            "controller.proposals",
            "was renamed to 'criteria_per_stage'",
        ),
        (
            {"schedule": "closed_loop", "controller": {"walk_share": 0.3}},
            "controller.walk_share",
            "was renamed to 'pruning_fraction'",
        ),
        (
            {"criterion": "obd", "granularity": "structured_unstructured"},
            "granularity",
            "'structured_unstructured' was renamed to 'hybrid'",
        ),
        (
            {"criterion": "obd", "allocation": "quota"},
            "allocation",
            "'quota' was renamed to 'layer_sensitivity'",
        ),
        (
            {"baseline": "dense_extra"},
            "baseline",
            "'dense_extra' was renamed to 'dense_longer'",
        ),
        (
            {"criterion": "random", "allocation": "like:adaptive"},
            "allocation",
            "'like:adaptive' was renamed; write layer_ratios_from: adaptive instead",
        ),
    ],
)
def test_an_old_name_of_a_method_is_the_only_problem(
    content: dict[str, Any], method: dict[str, Any], key: str, reason: str
):
    content["methods"]["mine"] = method
    assert problems(content) == {f"methods.mine.{key}": reason}


def test_an_old_name_of_the_study_is_the_only_problem(content: dict[str, Any]):
    content["points"] = content.pop("compressions")
    assert problems(content) == {"points": "was renamed to 'compressions'"}


def test_other_problems_are_told_beside_an_old_name(content: dict[str, Any]):
    content["methods"]["mine"] = {"criterion": "nobody", "start": "initially"}
    found = problems(content)
    assert list(found) == ["methods.mine.start", "methods.mine.criterion", "methods.mine.prune_at"]
    assert "'initially' is not a known value" in found["methods.mine.prune_at"]


def test_the_new_name_counts_where_both_are_given(content: dict[str, Any]):
    content["points"] = [0.5]
    assert list(problems(content)) == ["points"]
