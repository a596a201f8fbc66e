"""Trajectories on a device of their own: nothing mixes, and the same bytes come out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.networks.determinism import set_up_torch
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
    "training": {"epochs": 2, "lr": 0.01},
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


@pytest.mark.parametrize("name", METHODS)
def test_a_trajectory_is_the_same_on_a_second_device(
    name: str, tmp_path: Path, cpu: Compute, prepared_file: Callable
):
    task, method = Task.model_validate(CNN), method_of(**METHODS[name])
    data = prepared_file("digits")

    def run(folder: Path) -> str:
        objective = Objective(task.loss, task.metric)
        train_dense(
            task.network, objective, task.training, cpu, 0, data, folder / "dense", "key",
            Journal(folder / "dense.journal"),
        )  # fmt: skip
        inputs = Inputs(data, folder / "dense", journal=Journal(folder / "journal"))
        prune(task, method, [2], 0, cpu, inputs, folder / "pruned", "key")
        return contents(folder / "dense").digest + contents(folder / "pruned").digest

    set_up_torch(0)
    here = run(tmp_path / "here")
    with second_device():
        there = run(tmp_path / "there")
    assert there == here
