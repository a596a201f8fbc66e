"""A small dense network on real data, and workshops that prune it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.params import Method
from prunestudy.pruning.pruner import Pruner
from prunestudy.pruning.state import State


@pytest.fixture
def make_pruner(make_trainer: Callable[..., Any]) -> Callable[..., Pruner]:
    """A pruner for a method on a bundled data set, with a briefly trained dense network."""

    def make(
        method: Method,
        name: str = "diabetes",
        epochs: int = 8,
        kind: Any = Pruner,
        optimizer: str = "adam",
    ) -> Any:
        settings = {"lr": 0.01, "batch_size": 64, "optimizer": optimizer}
        trainer = make_trainer(name, epochs=6, **settings)
        torch.manual_seed(0)
        spec = NetworkSpec(
            "mlp", {"hidden": [12, 8]}, trainer.data.input_shape, trainer.data.outputs
        )
        network = spec.build()
        initial = copy_network(network)
        trainer.train(network, 0, 6)
        retrainer = make_trainer(name, epochs=epochs, **settings)
        return kind(retrainer, State(network, spec), method, initial=initial)

    return make
