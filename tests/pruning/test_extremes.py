"""At the bounds of every number a training ends or has failed as a cell; no error is torch's."""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from prunestudy.errors import CellFailure, StudyError
from prunestudy.params.settings import Task
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.regularisers.settings import Regulariser
from prunestudy.pruning.retraining.settings import Distillation
from prunestudy.pruning.settings import Method, OpenLoop, WeightSharing
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.settings.base import Params
from prunestudy.steps import job
from prunestudy.store.trajectories import failure_of
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute, Training


def bounds(group: type[Params]) -> Iterator[tuple[str, float]]:
    """The least and the largest value of each number of a group."""
    for name, value in group.model_json_schema()["properties"].items():
        for kind in (value, *value.get("anyOf", [])):
            if kind.get("type") == "number":
                yield name, kind.get("minimum", math.nextafter(kind.get("exclusiveMinimum", 0), 1))
                most = kind.get("exclusiveMaximum")
                yield name, float(kind["maximum"] if most is None else math.nextafter(most, 0))


def trainings() -> list[dict[str, Any]]:
    """Each bound of a training, and the largest of all at once, with both optimisers."""
    found = [{name: value} for name, value in bounds(Training)]
    found.append({"lr": 100.0, "weight_decay": 10.0})
    return [{"optimizer": kind, **one} for kind in ("adam", "sgd") for one in found]


OPEN = {"criterion": "taylor", "allocation": "global", "schedule": "linear", "stages": 2}
GROUPS: dict[type[Params], Callable[[dict[str, Any]], dict[str, Any]]] = {
    Regulariser: lambda one: {"criterion": "magnitude", "regulariser": {"kind": "l1", **one}},
    Distillation: lambda one: {
        "criterion": "magnitude",
        "retraining": "distill",
        "distillation": one,
    },
    WeightSharing: lambda one: {"criterion": "magnitude", "weight_sharing": one},
    OpenLoop: lambda one: {
        **OPEN,
        **({"allocation": "layer_sensitivity"} if "sensitivity_max_drop" in one else {}),
        **one,
    },
    Controller: lambda one: {
        "schedule": "closed_loop",
        "controller": {"stages": 3, "refinements": 1, **one},
    },
}
METHODS = [make({name: value}) for group, make in GROUPS.items() for name, value in bounds(group)]
# Whatever is composed, it may be trained so that nothing is left of it.
WILD = [
    {"criterion": "magnitude"},
    {"criterion": "obd", "granularity": "hybrid"},
    {"criterion": "taylor", "granularity": "unstructured", "allocation": "global"},
    {"criterion": "activation_entropy", "allocation": "global"},
    {"criterion": "magnitude", "weight_sharing": {"clusters": 4, "epochs": 1}},
    {"criterion": "magnitude", "retraining": "distill"},
    {"schedule": "closed_loop", "controller": {"stages": 3, "refinements": 1}},
    {"baseline": "dense_longer"},
]


def task_of(content: dict[str, Any], training: dict[str, Any], retraining: dict[str, Any]) -> Task:
    """Diabetes on a few units, with few epochs."""
    calm = {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.0, "epochs": 2}
    own = {"training": {**calm, **training}, "retraining": {**calm, **retraining}}
    return Task.model_validate({**content["tasks"]["diabetes"], **own})


@pytest.fixture
def dense(tmp_path: Path, content: dict[str, Any], cpu: Compute, prepared_file: Callable) -> Inputs:
    """A dense network of a calm training."""
    task = task_of(content, {}, {})
    data = prepared_file("diabetes")
    objective = Objective(task.loss, task.metric)
    train_dense(task.network, objective, task.training, cpu, 0, data, tmp_path / "dense", "key")
    return Inputs(data, tmp_path / "dense")


def test_a_dense_training_at_each_bound(
    tmp_path: Path, content: dict[str, Any], cpu: Compute, prepared_file: Callable
):
    ends = []
    for place, training in enumerate(trainings()):
        task = task_of(content, training, {})
        objective, folder = Objective(task.loss, task.metric), tmp_path / str(place)
        data = prepared_file("diabetes")
        try:
            train_dense(task.network, objective, task.training, cpu, 0, data, folder, "key")
            ends.append("trained")
        except CellFailure:
            ends.append("failed")
    assert set(ends) == {"trained", "failed"}


def pruned(task: Task, given: dict[str, Any], cpu: Compute, dense: Inputs, folder: Path) -> str:
    """How a trajectory ends."""
    method = TypeAdapter(Method).validate_python(given)
    try:
        prune(task, method, [2.0], 0, cpu, dense, folder, "key")
    except CellFailure:
        return "failed"
    return "pruned"


def test_a_trajectory_at_each_bound_of_its_method(
    tmp_path: Path, content: dict[str, Any], cpu: Compute, dense: Inputs
):
    task = task_of(content, {}, {})
    ends = []
    for place, given in enumerate(METHODS):
        # Steps of a controller have an order, in which a bound alone may be refused in words.
        with contextlib.suppress(ValidationError):
            ends.append(pruned(task, given, cpu, dense, tmp_path / str(place)))
    assert len(ends) > 20
    assert "pruned" in ends


@pytest.mark.parametrize("training", [one for one in trainings() if len(one) > 2], ids=str)
def test_every_kind_of_method_on_a_retraining_that_leaves_no_numbers(
    tmp_path: Path, content: dict[str, Any], cpu: Compute, dense: Inputs, training: dict[str, Any]
):
    task = task_of(content, {}, training)
    ends = [
        pruned(task, given, cpu, dense, tmp_path / str(place)) for place, given in enumerate(WILD)
    ]
    assert len(ends) == len(WILD)
    if training["optimizer"] == "sgd":
        assert "failed" in ends


class Made:
    """An artifact of a step that leaves networks."""

    class step:  # noqa: N801
        networks, torch = True, False


class Study:
    compute = Compute()


class Job:
    artifact, study = Made(), Study()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("no words that anybody knows"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        # By what starts CUDA, or its libraries, on a GPU that others have filled.
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be …"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_a_full_gpu_is_a_sentence_and_no_failed_cell(tmp_path: Path, error: Exception):
    def body(_job: Any, _scratch: Path) -> None:
        raise error

    with pytest.raises(StudyError, match=r"lower compute\.jobs_per_gpu or the batch size"):
        job._work(body, Job(), tmp_path / "cell")  # type: ignore[arg-type]
    assert not (tmp_path / "cell").exists()


def test_a_number_that_torch_cannot_hold_is_a_failed_cell(tmp_path: Path):
    def body(_job: Any, _scratch: Path) -> None:
        torch.zeros(1).add_(torch.ones(1), alpha=1e308)

    job._work(body, Job(), tmp_path / "cell")  # type: ignore[arg-type]
    assert "diverged" in str(failure_of(tmp_path / "cell"))
