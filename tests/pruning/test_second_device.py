"""Trajectories on a device of their own: nothing mixes, and the same bytes come out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.params.settings import Task
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.contents import contents
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal
from prunestudy.training.settings import Compute
from tests.methods import method_of
from tests.second_device import second_device

CNN = {
    "data": {"name": "digits"},
    "network": {"name": "cnn", "channels": [4, 4]},
    "loss": "cross_entropy",
    "metric": "accuracy",
    "training": {"epochs": 1, "lr": 0.01},
    "retraining": {"epochs": 2, "lr": 0.01},
}
METHODS: dict[str, dict[str, Any]] = {
    "closed loop": {"schedule": "closed_loop", "controller": {"step": 0.3}},
    "obd": {"criterion": "obd", "allocation": "layer_sensitivity"},
    "random": {"criterion": "random", "schedule": "linear", "stages": 2},
    "entropy": {"criterion": "activation_entropy"},
    "slimming": {"criterion": "bn_scale", "regulariser": {"kind": "bn_l1", "strength": 0.001}},
    "weights": {"criterion": "taylor", "granularity": "unstructured"},
    "rewound": {"criterion": "magnitude", "retraining": "rewind_weights"},
    "taught": {"criterion": "sensitivity", "retraining": "distill"},
}


def trained(file: Path, folder: Path) -> Path:
    """The folder of the dense network."""
    task = Task.model_validate(CNN)
    objective, cpu = Objective(task.loss, task.metric), Compute(accelerator="cpu")
    train_dense(task.network, objective, task.training, cpu, 0, file, folder, "key")
    return folder


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory, prepared_file: Callable) -> Path:
    return trained(prepared_file("digits"), tmp_path_factory.mktemp("trained") / "dense")


def test_a_training_is_the_same_on_a_second_device(
    dense: Path, tmp_path: Path, prepared_file: Callable
):
    with second_device():
        there = trained(prepared_file("digits"), tmp_path / "dense")
    assert contents(there).digest == contents(dense).digest


@pytest.mark.parametrize("name", METHODS)
def test_a_trajectory_is_the_same_on_a_second_device(
    name: str, dense: Path, tmp_path: Path, cpu: Compute, prepared_file: Callable
):
    task, method = Task.model_validate(CNN), method_of(**METHODS[name])

    def run(place: str) -> str:
        journal = Journal(tmp_path / f"{place}.journal")
        inputs = Inputs(prepared_file("digits"), dense, journal=journal)
        prune(task, method, [2], 0, cpu, inputs, tmp_path / place, "key")
        return contents(tmp_path / place).digest

    here = run("here")
    with second_device():
        there = run("there")
    assert there == here
