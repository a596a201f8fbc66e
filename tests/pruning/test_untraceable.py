"""Networks that cannot be traced for pruning: a sentence, and nothing is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from prunestudy.errors import StudyError
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.params.settings import Task
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.training.settings import Compute
from tests.methods import method_of


class Layers(nn.Module):
    """Three linear layers; how they are used is up to the subclass."""

    def __init__(self, input_shape: tuple[int, ...], outputs: int, hidden: list[int]) -> None:
        super().__init__()
        self.first = nn.Linear(input_shape[0], hidden[0])
        self.second = nn.Linear(hidden[0], hidden[0])
        self.last = nn.Linear(hidden[0], outputs)


class Numpy(Layers):
    """Leaves torch on the way."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Fails where a gradient is recorded."""
        hidden = torch.relu(self.first(inputs))
        return self.last(self.second(torch.from_numpy(hidden.numpy())))


class Detached(Layers):
    """Leaves torch where no gradient is recorded, so that it runs, but without a trace."""

    def forward(self, inputs: Tensor) -> Tensor:
        """The first layer is out of sight."""
        hidden = torch.relu(self.first(inputs))
        return self.last(self.second(torch.from_numpy(hidden.detach().numpy())))


class Branching(Layers):
    """Uses its second layer for some inputs only."""

    def forward(self, inputs: Tensor) -> Tensor:
        """An input of zeros, as tracing gives, goes past the second layer."""
        hidden = torch.relu(self.first(inputs))
        if inputs.sum() > 0:
            hidden = torch.relu(self.second(hidden))
        return self.last(hidden)


class Shapeless(Layers):
    """Takes inputs of another width."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Fails on every input of the declared shape."""
        return self.last(self.first(inputs[:, 1:]))


KINDS: list[type[Layers]] = [Numpy, Detached, Branching, Shapeless]


@pytest.mark.parametrize("kind", KINDS)
def test_an_untraceable_network_is_named_in_a_sentence(kind: type[Layers]):
    network = kind((6,), 2, [5]).train()
    with pytest.raises(StudyError, match=f"the network {kind.__name__} cannot be traced") as caught:
        UnitGraph(network, torch.zeros(1, 6))
    assert "\n" not in str(caught.value)
    assert network.training


@pytest.mark.parametrize("kind", [Detached, Branching])
def test_layers_out_of_sight_are_named(kind: type[Layers]):
    with pytest.raises(StudyError, match="second" if kind is Branching else "first"):
        UnitGraph(kind((6,), 2, [5]), torch.zeros(1, 6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "method",
    [
        {"criterion": "magnitude"},
        {"criterion": "magnitude", "granularity": "unstructured"},
        {"schedule": "closed_loop", "allocation": "global", "controller": {}},
    ],
    ids=["units", "weights", "closed_loop"],
)
def test_pruning_an_untraceable_network_writes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: dict[str, Any],
    prepared_file: Callable,
    cpu: Compute,
    kind: type[Layers],
    method: dict[str, Any],
):
    monkeypatch.setattr("prunestudy.networks.architectures.mlp.build", kind)
    task = Task.model_validate(content["tasks"]["diabetes"])
    spec = NetworkSpec("mlp", {"hidden": [5]}, (10,), 1)
    (tmp_path / "dense").mkdir()
    write_network(tmp_path / "dense" / "dense.safetensors", spec.build(), spec, "key")
    inputs = Inputs(prepared_file("diabetes"), tmp_path / "dense")
    folder = tmp_path / "out"
    with pytest.raises(StudyError, match=f"{kind.__name__} cannot be traced"):
        prune(task, method_of(**method), [2.0], 0, cpu, inputs, folder, "key")
    assert [path.name for path in tmp_path.iterdir()] == ["dense"]
