"""What settings say of a network's layers, without torch, is what the network has."""

from typing import Any, get_args

import pytest
from torch import nn

from prunestudy.data.dataset import find_dataset
from prunestudy.data.settings import DATASETS
from prunestudy.networks.architectures.settings import Network
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.settings.base import plain

NETWORKS: list[dict[str, Any]] = [
    {"name": "mlp", "hidden": [5]},
    {"name": "mlp", "hidden": [32, 16, 8]},
    {"name": "lenet_300_100"},
    {"name": "lenet_5"},
    {"name": "cnn", "channels": [3]},
    {"name": "cnn", "channels": [4, 8, 6]},
    *({"name": "resnet", "depth": depth} for depth in (8, 20, 56)),
]
KINDS = {kind.model_fields["name"].default: kind for kind in get_args(get_args(Network)[0])}


def cases() -> list[tuple[dict[str, Any], str]]:
    """Every architecture on every data set that it takes."""
    found = []
    for given in NETWORKS:
        network = KINDS[given["name"]].model_validate(given)
        for name in DATASETS:
            shape = find_dataset(name).input_shape
            if not network.images or (len(shape) == 3 and min(shape[1:]) >= network.least_side()):
                found.append((given, name))
    return found


def test_no_architecture_is_left_out():
    assert {given["name"] for given, _name in cases()} == set(KINDS)


@pytest.mark.parametrize(("given", "name"), cases(), ids=str)
def test_parameters_and_multiply_adds_are_those_of_the_network(given: dict[str, Any], name: str):
    dataset = find_dataset(name)
    outputs = len(dataset.classes) or 1
    settings = KINDS[given["name"]].model_validate(given)
    network: nn.Module = NetworkSpec.from_params(
        plain(settings), dataset.input_shape, outputs
    ).build()
    layers = settings.layers(dataset.input_shape, outputs)
    assert sum(one.params for one in layers) == sum(one.numel() for one in network.parameters())
    graph = UnitGraph(network, dataset.input_shape)
    assert len(layers) == len(graph.cost.layers)
    assert sum(one.macs for one in layers) == graph.cost.macs(graph.widths)
