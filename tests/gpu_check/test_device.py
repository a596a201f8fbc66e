"""What must hold on a GPU, and its twin on a CPU; ``make gpu-check`` runs those marked gpu."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from prunestudy.data.tensors import read_prepared
from prunestudy.gpu_check.agreement import TOLERANCES, weight_gap
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_network
from prunestudy.params.settings import Task
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.scorer import Scorer
from prunestudy.pruning.state import State
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.accelerators import missing_gpu
from prunestudy.store.contents import contents
from prunestudy.training.dense import NETWORK_FILE, train_dense
from prunestudy.training.device import device_of, placed
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal, ResumePoint
from prunestudy.training.settings import Compute, Training
from tests.methods import method_of

GPU = pytest.param(
    "gpu",
    marks=[pytest.mark.gpu, pytest.mark.skipif(missing_gpu() is not None, reason="no GPU")],
)
on_each_device = pytest.mark.parametrize("accelerator", ["cpu", GPU])
TASK = Task.model_validate(
    {
        "data": {"name": "digits"},
        "network": {"name": "cnn", "channels": [4, 4]},
        "loss": "cross_entropy",
        "metric": "accuracy",
        "training": {"epochs": 2, "lr": 0.01},
        "retraining": {"epochs": 2, "lr": 0.01},
    }
)
METHODS: dict[str, dict[str, Any]] = {
    "closed loop": {
        "schedule": "closed_loop",
        "controller": {"criteria": ["gradient"], "step": 0.5, "trial_batches": 1},
    },
    "weights": {"criterion": "taylor", "granularity": "unstructured"},
}


class Killed(Exception):
    """In place of a signal: the process ends here."""


def dense(accelerator: str, data: Path, folder: Path) -> Path:
    """The folder of a dense network that was trained on a device."""
    objective = Objective(TASK.loss, TASK.metric)
    compute = Compute(accelerator=accelerator)  # type: ignore[arg-type]
    train_dense(TASK.network, objective, TASK.training, compute, 0, data, folder, "key")
    return folder


@pytest.fixture(scope="module")
def trained_on(
    tmp_path_factory: pytest.TempPathFactory, prepared_file: Callable
) -> Callable[[str], Path]:
    """The dense network of a device, trained once: accelerator → its folder."""
    place = tmp_path_factory.mktemp("trained")
    return cache(
        lambda accelerator: dense(accelerator, prepared_file("digits"), place / accelerator)
    )


@on_each_device
def test_two_trainings_leave_the_same_bytes(
    accelerator: str,
    tmp_path: Path,
    prepared_file: Callable,
    trained_on: Callable[[str], Path],
):
    again = dense(accelerator, prepared_file("digits"), tmp_path / "again")
    assert contents(again) == contents(trained_on(accelerator))


@on_each_device
@pytest.mark.parametrize("name", METHODS)
def test_a_trajectory_killed_after_an_epoch_ends_the_same(
    name: str,
    accelerator: str,
    tmp_path: Path,
    prepared_file: Callable,
    trained_on: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
):
    data, trained = prepared_file("digits"), trained_on(accelerator)
    method, compute = method_of(**METHODS[name]), Compute(accelerator=accelerator)  # type: ignore[arg-type]
    write, epochs, last = ResumePoint.write, [0], [10_000]

    def counted(page: ResumePoint, *arguments: Any) -> None:
        write(page, *arguments)
        epochs[0] += 1
        if epochs[0] == last[0]:
            raise Killed

    monkeypatch.setattr(ResumePoint, "write", counted)

    def run(folder: str, journal: str) -> tuple[object, int]:
        epochs[0] = 0
        inputs = Inputs(data, trained, journal=Journal(tmp_path / journal))
        prune(TASK, method, [2], 0, compute, inputs, tmp_path / folder, "key")
        return contents(tmp_path / folder), epochs[0]

    expected, whole = run("whole", "journal")
    last[0] = whole - 1
    with pytest.raises(Killed):
        run("killed", "pages")
    last[0] = 10_000
    found, rest = run("resumed", "pages")
    assert found == expected
    assert rest < whole


def trained_briefly(compute: Compute, file: Path) -> tuple[nn.Module, TrainingLoop]:
    """A small network after two batches on its device, and what trained it."""
    set_up_torch(0)
    device = device_of(compute)
    data = placed(read_prepared(file), device, compute)
    objective = Objective(TASK.loss, TASK.metric)
    loop = TrainingLoop(data, objective, Training(epochs=1), compute, 0)
    network = NetworkSpec("cnn", {"channels": [4]}, data.input_shape, 10).build().to(device)
    loop.recover(network, 0, 2)
    return network, loop


@on_each_device
def test_a_network_stays_on_the_device(accelerator: str, prepared_file: Callable):
    compute = Compute(accelerator=accelerator)  # type: ignore[arg-type]
    network, loop = trained_briefly(compute, prepared_file("digits"))
    device = loop.device
    places = {tensor.device.type for tensor in network.state_dict().values()}
    assert places == {device.type}
    assert loop.lessons.inputs.device.type == device.type


@pytest.mark.parametrize("accelerator", [GPU])
def test_a_gpu_trains_the_network_of_the_cpu(
    accelerator: str, tmp_path: Path, prepared_file: Callable
):
    data = prepared_file("digits")
    weights = []
    for name in ("cpu", accelerator):
        network, _spec = read_network(dense(name, data, tmp_path / name) / NETWORK_FILE)
        weights.append(network.state_dict())
    assert weight_gap(*weights) <= TOLERANCES["digits-cnn"].weights


def scores_on(accelerator: str, data: Path, trained: Path) -> dict[str, np.ndarray]:
    """The scores of a network by every criterion, on a device."""
    set_up_torch(0)
    compute = Compute(accelerator=accelerator)  # type: ignore[arg-type]
    device = device_of(compute)
    rows = placed(read_prepared(data), device, compute)
    loop = TrainingLoop(rows, Objective(TASK.loss, TASK.metric), Training(epochs=1), compute, 0)
    network, spec = read_network(trained / NETWORK_FILE)
    state, scorer = State(network.to(device), spec), Scorer(loop, "none")
    return {
        f"{criterion} of {scored} in {name}": scores
        for criterion, info in CRITERIA.items()
        for scored in info.scores
        for name, scores in getattr(scorer, scored)(state, criterion).items()
    }


@pytest.mark.parametrize("accelerator", [GPU])
def test_a_gpu_scores_as_the_cpu_does(
    accelerator: str, prepared_file: Callable, trained_on: Callable[[str], Path]
):
    # Of one network: what a study comes to would not tell a wrong criterion from rounding.
    data, trained = prepared_file("digits"), trained_on("cpu")
    here, there = (scores_on(device, data, trained) for device in ("cpu", accelerator))
    assert here.keys() == there.keys()
    for name, scores in here.items():
        assert there[name] == pytest.approx(scores, abs=1e-3 * scores.max()), name


@pytest.mark.parametrize("accelerator", [GPU])
def test_bf16_keeps_the_weights_in_32_bits(accelerator: str, prepared_file: Callable):
    compute = Compute(accelerator=accelerator, precision="bf16")  # type: ignore[arg-type]
    network, _loop = trained_briefly(compute, prepared_file("digits"))
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
