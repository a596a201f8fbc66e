"""The typed parameters: what may be written, and what a study may not say."""

from typing import Any

import pytest
from pydantic import ValidationError

from prunestudy.data.settings import SplitShares
from prunestudy.errors import ParamsError
from prunestudy.params.reader import check_study
from prunestudy.params.settings import Study, Task
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.settings import Baseline, ClosedLoop, OpenLoop, SameRatios
from prunestudy.settings.base import Params, plain
from tests.methods import method_of


def test_a_small_study_is_valid_and_keeps_its_values(study: Study):
    assert study.name == "small"
    assert study.seeds == [0, 1]
    assert study.tasks["digits"].network.channels == [4, 8]
    assert study.methods["adaptive"].controller == Controller(
        criteria=["magnitude", "taylor"], step=0.25
    )


def test_the_controller_starts_with_the_steps_of_the_specification():
    controller = Controller()
    assert (controller.grow, controller.shrink) == (1.25, 0.5)
    assert controller.min_step < controller.step <= controller.max_step


def test_parameters_cannot_change_after_reading(study: Study):
    with pytest.raises(ValidationError, match="frozen"):
        study.name = "other"


def test_plain_values_hold_the_defaults_and_read_back_the_same(study: Study):
    described = plain(study)
    assert described["latency"]["repeats"] == 15
    assert described["tasks"]["digits"]["requirements"]["max_drop"] == 0.01
    assert Study.model_validate(described) == study


def test_plain_values_leave_out_what_is_not_set(study: Study):
    data = plain(study)["tasks"]["digits"]["data"]
    assert "train_rows" not in data
    assert "name" in data


def test_plain_values_are_the_same_whether_defaults_are_written_out_or_not(content: dict[str, Any]):
    points = [2, 4, 8, 16, 32]
    written = Study.model_validate({**content, "compressions": points})
    del content["compressions"]
    left_out = Study.model_validate(content)
    assert written == left_out
    kinds = [[type(point) for point in study.compressions] for study in (written, left_out)]
    assert kinds[0] == kinds[1]


def test_a_task_has_the_points_of_the_study_unless_it_says_its_own(content: dict[str, Any]):
    content["tasks"]["diabetes"]["compressions"] = [1.5, 3]
    study = Study.model_validate(content)
    assert study.compressions_of("diabetes") == [1.5, 3]
    assert study.compressions_of("digits") == study.compressions == [2, 4]


@pytest.mark.parametrize(("given", "trials"), [(True, 3), (False, None), (None, None), (5, 5)])
def test_a_bisection_is_written_out_as_its_trials(given: Any, trials: int | None):
    found = method_of(criterion="magnitude", bisect=given)
    assert found.bisect == trials
    assert plain(found).get("bisect") == trials
    assert OpenLoop.model_validate(plain(found)) == found


@pytest.mark.parametrize("given", [0, 101, "yes", 2.5])
def test_a_bisection_refuses(given: Any):
    with pytest.raises(ValidationError, match="bisect"):
        method_of(criterion="magnitude", bisect=given)


def test_every_parameter_is_described():
    waiting: list[type[Params]] = Params.__subclasses__()
    for group in waiting:
        waiting += group.__subclasses__()
    assert {OpenLoop, ClosedLoop, SameRatios, Baseline} < set(waiting)
    undescribed = [
        f"{group.__name__}.{name}"
        for group in waiting
        for name, field in group.model_fields.items()
        if not field.description
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("seeds",), [1, 1], "entries must not repeat"),
        (("seeds",), [], "at least 1 item"),
        (("seeds",), [-1], "greater than or equal to 0"),
        (("compressions",), [4, 2], "compressions must ascend"),
        (("compressions",), [2, 2], "compressions must ascend"),
        (("compressions",), [1], "greater than 1"),
        (("compressions",), [float("inf")], "finite number"),
        (("tasks",), {}, "at least 1 item"),
        (("methods",), {}, "at least 1 item"),
        (("methods", "dense"), {"criterion": "random"}, "reserved"),
        (("name",), "figures", "reserved"),
        (("tasks", "digits", "compressions"), [4, 2], "compressions must ascend"),
        (("tasks", "digits", "compressions"), [], "at least 1 item"),
        (("tasks", "digits", "metric"), "r2", "does not fit loss 'cross_entropy'"),
        (("tasks", "digits", "requirements"), {"max_drop": -0.1}, "greater than or equal to 0"),
        (("tasks", "digits", "training", "epochs"), 0, "greater than or equal to 1"),
        (("tasks", "digits", "training", "lr"), 0, "greater than 0"),
        (("tasks", "digits", "training", "lr"), 101, "less than or equal to 100"),
        (("tasks", "digits", "training", "lr"), "0.1", "valid number"),
        (("tasks", "digits", "training", "epochs"), True, "valid integer"),
        (("tasks", "digits", "training", "lr"), float("nan"), "finite number"),
        (("tasks", "digits", "network", "channels"), [], "at least 1 item"),
        (("tasks", "digits", "network", "channels"), [0], "greater than or equal to 1"),
        (("report",), {"title": ""}, "at least 1 character"),
        (("report",), {"confidence": 1}, "less than 1"),
        (("latency",), {"repeats": 2}, "greater than or equal to 3"),
    ],
)
def test_a_study_refuses(content: dict[str, Any], place: tuple[str, ...], value: Any, message: str):
    group = content
    for key in place[:-1]:
        group = group[key]
    group[place[-1]] = value
    with pytest.raises(ValidationError, match=message):
        Study.model_validate(content)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({}, "criterion\n +Field required"),
        ({"criterion": "magnitude", "stages": 3}, "one_shot has one stage"),
        ({"criterion": "magnitude", "schedule": "cubic"}, "needs stages"),
        ({"criterion": "magnitude", "controller": {}}, "controller\n +Extra inputs"),
        ({"schedule": "closed_loop", "criterion": "magnitude"}, "criterion\n +Extra inputs"),
        ({"schedule": "closed_loop", "stages": 3}, "stages\n +Extra inputs"),
        ({"baseline": "dense_longer", "allocation": "global"}, "allocation\n +Extra inputs"),
    ],
)
def test_the_parts_of_a_method_must_fit(method: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        method_of(**method)


@pytest.mark.parametrize(
    "steps",
    [
        {"min_step": 0.2, "step": 0.1, "max_step": 0.3},
        {"min_step": 0.1, "step": 0.4, "max_step": 0.3},
        {"min_step": 0.4, "step": 0.5, "max_step": 0.3},
    ],
)
def test_the_steps_of_a_controller_are_ordered(steps: dict[str, float]):
    with pytest.raises(ValidationError, match="min_step ≤ step ≤ max_step"):
        Controller(**steps)


def test_the_criteria_of_a_controller_must_not_repeat():
    with pytest.raises(ValidationError, match="must not repeat"):
        Controller(criteria=["magnitude", "magnitude"])


def test_a_split_leaves_rows_for_training():
    assert SplitShares(validation=0.4, test=0.5).validation == 0.4
    with pytest.raises(ValidationError, match=r"less than 0\.1"):
        SplitShares(validation=0.41, test=0.5)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"folds": 5, "test": 0.25}, r"a share of 0\.2; leave out test: 0\.25"),
        ({"repeats": 2}, "needs folds to repeat"),
        ({"folds": 1}, "greater than or equal to 2"),
        ({"folds": 1_001}, "less than or equal to 1000"),
        ({"folds": 2, "validation": 0.45}, r"less than 0\.1"),
    ],
)
def test_a_split_in_folds_refuses(split: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        SplitShares(**split)


@pytest.mark.parametrize(
    ("split", "seeds", "message"),
    [
        ({"folds": 4, "repeats": 5}, 10, "no whole number of repeats; give 8 or 12"),
        ({"folds": 4, "repeats": 2}, 10, "no whole number of repeats; give 8"),
        ({"folds": 20}, 10, "no whole number of repeats; give 20"),
        ({"folds": 5}, 10, "write repeats: 2, or give 5"),
    ],
)
def test_folds_are_dealt_to_the_seeds_in_whole_repeats(
    content: dict[str, Any], split: dict[str, Any], seeds: int, message: str
):
    content["tasks"]["digits"]["data"]["split"] = split
    with pytest.raises(ParamsError) as caught:
        check_study({**content, "seeds": list(range(seeds))})
    [problem] = caught.value.problems
    assert problem.path == "tasks.digits.data.split"
    assert problem.reason.endswith(message)


def test_a_publishers_test_rows_leave_nothing_to_folds(content: dict[str, Any]):
    content["tasks"]["digits"]["data"] = {"name": "fashion_mnist", "split": {"folds": 2}}
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    [problem] = caught.value.problems
    assert problem.path == "tasks.digits.data.split.folds"
    assert "comes with 10,000 test rows" in problem.reason


@pytest.mark.parametrize(
    ("task", "folds", "reason"),
    [
        ("diabetes", 450, "has 442 rows, and each fold needs two"),
        ("diabetes", 222, "write at most 221 folds"),
        ("diabetes", 221, ""),
        ("digits", 175, "has 174 rows of its smallest class"),
        ("digits", 174, ""),
    ],
)
def test_folds_are_no_more_than_the_rows_allow(
    content: dict[str, Any], task: str, folds: int, reason: str
):
    content["tasks"][task]["data"]["split"] = {"folds": folds}
    content["seeds"] = list(range(folds))
    if not reason:
        assert check_study(content).tasks[task].data.split.folds == folds
        return
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    [problem] = caught.value.problems
    assert problem.path == f"tasks.{task}.data.split.folds"
    assert reason in problem.reason


@pytest.mark.parametrize(("own", "beyond"), [([50, 100], True), ([2, 4, 8, 61], False)])
def test_compressions_leave_a_parameter(content: dict[str, Any], own: list[float], beyond: bool):
    content["tasks"]["diabetes"] |= {
        "network": {"name": "mlp", "hidden": [5]},
        "compressions": own,
    }
    if not beyond:
        assert check_study(content).compressions_of("diabetes") == own
        return
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    [problem] = caught.value.problems
    assert problem.path == "tasks.diabetes.compressions"
    assert "of 61 parameters, a compression of 100 leaves none" in problem.reason


@pytest.mark.parametrize("name", ["A", "1a", "-a", "a.b", "", "a" * 41, "a/b", "../a"])
def test_names_are_plain_and_portable(content: dict[str, Any], name: str):
    with pytest.raises(ValidationError, match="should match pattern"):
        Study.model_validate({**content, "name": name})


def test_a_task_needs_its_parts():
    with pytest.raises(ValidationError) as caught:
        Task.model_validate({})
    missing = {error["loc"][0] for error in caught.value.errors()}
    assert missing == {"data", "network", "loss", "metric", "training", "retraining"}


def test_retraining_is_as_the_training_where_it_says_nothing(content: dict[str, Any]):
    task = content["tasks"]["digits"]
    task["training"] = {"epochs": 7, "lr": 0.02, "lr_schedule": "one_cycle", "batch_size": 16}
    task["retraining"] = {"epochs": 3, "lr_schedule": "cosine"}
    found = Study.model_validate(content).tasks["digits"].retraining
    assert (found.epochs, found.lr_schedule) == (3, "cosine")
    assert (found.lr, found.batch_size, found.optimizer) == (0.02, 16, "adam")
    del task["retraining"]
    assert Study.model_validate(content).tasks["digits"].retraining.epochs == 7


def test_a_wrong_value_that_retraining_inherits_is_told_once(content: dict[str, Any]):
    content["tasks"]["digits"]["training"]["lr"] = -1
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    assert [problem.path for problem in caught.value.problems] == ["tasks.digits.training.lr"]


def test_a_closed_loop_implies_its_allocation_norm_and_controller():
    found = method_of(schedule="closed_loop")
    assert isinstance(found, ClosedLoop)
    assert (found.allocation, found.score_norm) == ("global", "none")
    assert found.controller == Controller()
    assert method_of(controller={"step": 0.4}) == method_of(
        schedule="closed_loop", controller={"step": 0.4}
    )


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ({"allocation": "global"}, "score_norm", "none"),
        ({"allocation": "global", "score_norm": "mean"}, "score_norm", "mean"),
        ({"allocation": "uniform"}, "score_norm", None),
        ({"allocation": "layer_sensitivity"}, "sensitivity_max_drop", 0.02),
        ({"allocation": "uniform"}, "sensitivity_max_drop", None),
        ({"schedule": "cubic", "stages": 2}, "pruning_fraction", 0.5),
        ({"schedule": "one_shot"}, "pruning_fraction", None),
    ],
)
def test_an_open_loop_has_the_settings_that_its_parts_read(
    given: dict[str, Any], key: str, value: Any
):
    assert getattr(method_of(criterion="magnitude", **given), key) == value


def test_a_retraining_is_as_the_training_but_for_what_it_says(content: dict[str, Any]):
    digits = content["tasks"]["digits"]
    digits["training"] = {"epochs": 9, "lr": 0.02, "optimizer": "sgd"}
    digits["retraining"] = {"epochs": 3, "optimizer": "adam"}
    found = Study.model_validate(content).tasks["digits"].retraining
    assert (found.epochs, found.optimizer, found.lr) == (3, "adam", 0.02)
    del digits["retraining"]
    found = Study.model_validate(content).tasks["digits"].retraining
    assert (found.epochs, found.optimizer, found.lr) == (9, "sgd", 0.02)


# Losses and metrics.


def _found(content: dict[str, Any], **task: Any) -> dict[str, str]:
    """Problems of a study whose diabetes task has these values."""
    content["tasks"]["diabetes"] |= task
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    return {problem.path: str(problem) for problem in caught.value.problems}


def test_a_loss_is_a_name_or_has_options_and_both_say_the_same(content: dict[str, Any]):
    plain_keys = content["tasks"]["digits"]["loss"]
    content["tasks"]["digits"]["loss"] = {"name": plain_keys}
    assert check_study(content).tasks["digits"].loss == plain_keys
    content["tasks"]["digits"]["loss"] = {"name": "cross_entropy", "class_weights": {3: 2.0}}
    loss = check_study(content).tasks["digits"].loss
    assert plain(loss) == {"name": "cross_entropy", "class_weights": {"3": 2.0}}


@pytest.mark.parametrize(
    ("task", "place", "told"),
    [
        ({"loss": "huberr"}, "loss", "did you mean 'huber'?"),
        ({"loss": {"name": "huber", "dleta": 1}}, "loss.dleta", "did you mean 'delta'?"),
        ({"loss": {"name": "mse", "delta": 1.0}}, "loss", "delta belongs to loss huber"),
        ({"metric": "accuracy"}, "", "metric 'accuracy' does not fit loss 'mse'"),
        ({"metric": "rmsee"}, "metric", "did you mean 'rmse'?"),
        ({"metric": "own.cost"}, "metric", "whether more of it is better must be said"),
        ({"metrics": ["mae", "roc_auc"]}, "metrics.1", "allowed: r2, mae, rmse"),
        ({"metrics": ["r2"]}, "", "'r2' is the task's metric already"),
        (
            {"metric": {"name": "own.cost", "higher_is_better": False}},
            "metric",
            "needs the file own.py",
        ),
        ({"loss": "own.pinball"}, "loss", "needs the file own.py"),
    ],
)
def test_a_loss_or_metric_that_does_not_fit_is_told_at_its_place(
    content: dict[str, Any], task: dict[str, Any], place: str, told: str
):
    found = _found(content, **task)
    path = ".".join(filter(None, ("tasks.diabetes", place)))
    assert told in found[path]


def test_weights_of_what_is_no_class_and_metrics_of_few_classes_are_problems(
    content: dict[str, Any],
):
    weights = {"benignn": 2.0}
    content["tasks"]["wdbc"] = content["tasks"]["digits"] | {
        "data": {"name": "wdbc"},
        "network": {"name": "mlp", "hidden": [4]},
        "loss": {"name": "cross_entropy", "class_weights": weights},
        "metrics": ["top_5"],
    }
    found = _found(content)
    assert "did you mean 'benign'?" in found["tasks.wdbc.loss.class_weights"]
    assert "tells nothing of fewer than 6 classes" in found["tasks.wdbc.metrics.0"]
    content["tasks"]["wdbc"]["loss"]["class_weights"] = [1.0, 2.0, 3.0]
    found = _found(content)
    told = "has 3 weights for 2 classes, malignant, benign"
    assert found["tasks.wdbc.loss.class_weights"].endswith(told)


@pytest.mark.parametrize(
    ("task", "metric", "fits"),
    [
        ("wdbc", "log_loss", False),
        ("wdbc", "roc_auc", True),
        ("digits", "roc_auc", False),
        ("digits", "macro_f1", True),
    ],
)
def test_a_reference_without_probabilities_fits_no_metric_that_reads_them(
    content: dict[str, Any], task: str, metric: str, fits: bool
):
    content["tasks"]["wdbc"] = content["tasks"]["digits"] | {"data": {"name": "wdbc"}}
    content["tasks"]["wdbc"]["network"] = {"name": "mlp", "hidden": [4]}
    content["tasks"][task] |= {"metric": metric, "reference": "svc"}
    if fits:
        assert check_study(content).tasks[task].reference == "svc"
        return
    told = _found(content)[f"tasks.{task}.reference"]
    assert f"'svc' gives no probabilities, which '{metric}' reads" in told
    assert told.endswith("allowed: hist_gradient_boosting, logistic")


def test_margins_of_metrics_have_defaults_of_their_own(content: dict[str, Any]):
    report = check_study(content | {"report": {"margins": {"own.cost": 3.0}}}).report
    margins = {name: report.margin(name) for name in ("accuracy", "roc_auc", "mae", "own.cost")}
    assert margins == {"accuracy": 0.002, "roc_auc": 0.002, "mae": 0.005, "own.cost": 3.0}
    assert report.margin("own.other") == 0
