"""What settings say of a network's layers, without torch, is what the network has."""

from typing import Any, get_args

import pytest

from prunestudy.data.dataset import dataset_of
from prunestudy.data.settings import DATASETS, Data
from prunestudy.networks.architectures.settings import Network
from prunestudy.networks.layer_sizes import Indices
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
    {"name": "textcnn", "embedding": 6, "channels": 5, "kernels": [1, 2, 5]},
    {"name": "embedding_bag", "embedding": 6, "hidden": [5, 4]},
    {"name": "mlp_mixed", "hidden": [5, 4]},
]
# What data sets of no other kind are read as: words, or columns of which some are categories.
WORDS = {"input_shape": [9], "outputs": 3, "vocabulary": 40}
TABLES = {"input_shape": [5], "outputs": 3, "categories": [3, 8, 120]}
IMAGES = {"input_shape": [3, 40, 32], "outputs": 3}
KINDS = {kind.model_fields["name"].default: kind for kind in get_args(get_args(Network)[0])}


def cases() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every architecture on every data set that it takes."""
    found = []
    for given in NETWORKS:
        network = KINDS[given["name"]].model_validate(given)
        if network.reads == "numbers":
            for name in DATASETS:
                dataset = dataset_of(Data(name=name))
                shape, outputs = dataset.input_shape, len(dataset.classes) or 1
                if (
                    len(shape) == 3 and min(shape[1:]) >= network.least_side()
                ) or not network.images:
                    found.append((given, {"input_shape": list(shape), "outputs": outputs}))
        else:
            found.append((given, WORDS if network.reads == "tokens" else TABLES))
    return [*found, ({"name": "vgg_16"}, IMAGES)]


def test_no_architecture_is_left_out():
    assert {given["name"] for given, _described in cases()} == set(KINDS)


@pytest.mark.parametrize(("given", "described"), cases(), ids=str)
def test_parameters_and_multiply_adds_are_those_of_the_network(
    given: dict[str, Any], described: dict[str, Any]
):
    settings = KINDS[given["name"]].model_validate(given)
    spec = NetworkSpec.from_params(plain(settings), described)
    network = spec.build()
    indices = Indices(tuple(described.get("categories", ())), described.get("vocabulary", 0))
    layers = settings.layers(spec.input_shape, spec.outputs, indices)
    assert sum(one.params for one in layers) == sum(one.numel() for one in network.parameters())
    graph = UnitGraph(network, spec.example())
    assert len(layers) == len(graph.cost.layers)
    assert sum(one.macs for one in layers) == graph.cost.macs(graph.widths)
