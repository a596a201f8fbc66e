"""A small dense network on real data, and workshops that prune it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from prunestudy.networks.spec import NetworkSpec
from prunestudy.params import Method
from prunestudy.pruning.state import State
from prunestudy.pruning.workshop import Workshop


@pytest.fixture
def make_workshop(make_trainer: Callable[..., Any]) -> Callable[..., Workshop]:
    """A workshop for a method on a bundled data set, with a briefly trained dense network."""

    def make(method: Method, name: str = "diabetes", epochs: int = 8, kind: Any = Workshop) -> Any:
        settings = {"lr": 0.01, "batch_size": 64}
        trainer = make_trainer(name, epochs=6, **settings)
        torch.manual_seed(0)
        spec = NetworkSpec(
            "mlp", {"hidden": [12, 8]}, trainer.data.input_shape, trainer.data.outputs
        )
        network = spec.build()
        trainer.train(network, 0, 6)
        return kind(make_trainer(name, epochs=epochs, **settings), State(network, spec), method)

    return make
