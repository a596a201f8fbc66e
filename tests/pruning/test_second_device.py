"""Trajectories on a device of their own: nothing mixes, and the same bytes come out."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.data.tensors import read_prepared
from prunestudy.networks.storage import read_network
from prunestudy.params.settings import Task
from prunestudy.pruning import trajectory
from prunestudy.pruning.evaluator import Evaluator
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.contents import contents
from prunestudy.training import objective
from prunestudy.training.dense import NETWORK_FILE, train_dense
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.objective import Objective
from prunestudy.training.resume import Journal
from prunestudy.training.settings import Compute, Training
from tests.methods import method_of
from tests.second_device import THERE, second_device

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
    "shared": {"criterion": "magnitude", "weight_sharing": {"clusters": 4, "epochs": 1}},
    "rewound": {"criterion": "magnitude", "retraining": "rewind_weights"},
    "taught": {"criterion": "sensitivity", "retraining": "distill"},
}


def trained(file: Path, folder: Path) -> Path:
    """The folder of the dense network."""
    task = Task.model_validate(CNN)
    cpu = Compute(accelerator="cpu")
    minimised = Objective(task.loss, task.metric)
    train_dense(task.network, minimised, task.training, cpu, 0, file, folder, "key")
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


def test_data_that_stay_on_the_cpu_change_no_number(
    dense: Path,
    tmp_path: Path,
    cpu: Compute,
    prepared_file: Callable,
    monkeypatch: pytest.MonkeyPatch,
):
    # A teacher answers to the rows where they are, whose training is on the other device.
    task, method = Task.model_validate(CNN), method_of(**METHODS["taught"])
    inputs = Inputs(prepared_file("digits"), dense)

    def run(place: str) -> str:
        prune(task, method, [2], 0, cpu, inputs, tmp_path / place, "key")
        return contents(tmp_path / place).digest

    here = run("here")
    monkeypatch.setattr(trajectory, "placed", lambda data, *_: data)
    with second_device():
        there = run("there")
    assert there == here


def test_a_quality_is_summed_where_the_network_is(
    dense: Path, cpu: Compute, prepared_file: Callable, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(objective, "RESAMPLES", 3)
    data = read_prepared(prepared_file("digits"))
    loop = TrainingLoop(data, Objective("cross_entropy", "accuracy"), Training(epochs=1), cpu, 0)
    network, _spec = read_network(dense / NETWORK_FILE)
    here = Evaluator(loop, network, 0.9).loss_and_val(network)
    with second_device() as device:
        there = copy.deepcopy(network).to(THERE)
        assert Evaluator(loop, there, 0.9).loss_and_val(there) == here
        # Rows go there batch by batch, and no outputs come back.
        assert not device.moves["back"]
