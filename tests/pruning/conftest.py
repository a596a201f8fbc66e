"""A small dense network on real data, and the tools that prune it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.pruning.retrainer import Retrainer
from prunestudy.pruning.settings import ClosedLoop, FixedRatios
from prunestudy.pruning.state import State
from prunestudy.pruning.tools import Tools, make_tools
from tests.methods import tool_settings


@pytest.fixture(name="make_tools")
def tools_for(make_trainer: Callable[..., Any]) -> Callable[..., Tools]:
    """The tools for a method on a bundled data set, with a briefly trained dense network."""

    def make(
        method: FixedRatios | ClosedLoop,
        name: str = "diabetes",
        epochs: int = 8,
        optimizer: str = "adam",
    ) -> Tools:
        settings = {"lr": 0.01, "batch_size": 64, "optimizer": optimizer}
        trainer = make_trainer(name, epochs=6, **settings)
        torch.manual_seed(0)
        spec = NetworkSpec(
            "mlp", {"hidden": [12, 8]}, trainer.data.input_shape, trainer.data.outputs
        )
        network = spec.build()
        initial = copy_network(network)
        trainer.train(network, 0, 6)
        retrainer = Retrainer(make_trainer(name, epochs=epochs, **settings), epochs)
        if method.retraining == "rewind_weights":
            retrainer.initial = initial
        if isinstance(method, ClosedLoop):
            criterion, confidence = method.controller.criteria[0], method.controller.confidence
        else:
            criterion, confidence = method.criterion, None
        return make_tools(
            retrainer,
            State(network, spec),
            criterion,
            confidence=confidence,
            **tool_settings(method),
        )

    return make
