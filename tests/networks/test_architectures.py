"""The architectures through every use: sizes, surgery, masks, disk and ONNX."""

from pathlib import Path

import pytest
import torch
from torch import nn

from prunestudy.evaluation.cost import count_macs, count_nonzero, count_params
from prunestudy.networks.onnx import export_network
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_masked_network, read_network, write_network
from prunestudy.networks.unit_graph import UnitGraph, as_numpy
from prunestudy.pruning.allocation.unit_budget import Scores, lowest
from prunestudy.pruning.masks import apply_masks, maskable
from prunestudy.pruning.surgery import remove_units
from prunestudy.settings.parts import part_names
from tests.pruning.allocation.spread import kept_uniform, uniform
from tests.specs import OF_INDICES

SPECS = {
    "mlp": NetworkSpec("mlp", {"hidden": [9, 6]}, (5,), 3),
    "cnn": NetworkSpec("cnn", {"channels": [6, 5]}, (2, 8, 8), 3),
    "lenet_300_100": NetworkSpec("lenet_300_100", {}, (1, 8, 8), 10),
    "lenet_5": NetworkSpec("lenet_5", {}, (1, 16, 16), 10),
    "resnet": NetworkSpec("resnet", {"depth": 8}, (3, 8, 8), 10),
    "vgg_16": NetworkSpec("vgg_16", {}, (1, 32, 32), 10),
    **OF_INDICES,
}
LENET_5 = NetworkSpec("lenet_5", {}, (1, 28, 28), 10)


# Fifteen million weights take seconds.
LARGE = {"vgg_16": pytest.mark.slow}


@pytest.fixture(
    params=[
        pytest.param(name, marks=LARGE.get(name, ()))
        for name in sorted(part_names("prunestudy.networks.architectures"))
    ]
)
def spec(request: pytest.FixtureRequest) -> NetworkSpec:
    """A spec of each architecture."""
    return SPECS[request.param]


def used(spec: NetworkSpec) -> nn.Module:
    """A network whose BatchNorm statistics are not the initial ones, in evaluation mode."""
    torch.manual_seed(0)
    network = spec.build().train()
    with torch.no_grad():
        for _ in range(3):
            inputs = spec.sample(16)
            network(2 * inputs + 1 if spec.input_shape[1:] else inputs)
    return network.eval()


def outputs(network: nn.Module, spec: NetworkSpec) -> torch.Tensor:
    """Outputs for some fixed inputs."""
    with torch.no_grad():
        return network(spec.sample(9))


def magnitudes(network: nn.Module, units: UnitGraph) -> Scores:
    """L1 norm of each unit's incoming weights."""
    tensors = {name: value.detach() for name, value in network.named_parameters()}
    return as_numpy(
        {
            name: group.weights(tensors, incoming_only=True).abs().sum(1)
            for name, group in units.groups.items()
        }
    )


@pytest.mark.parametrize(
    ("spec", "params", "macs", "zeros"),
    [
        (NetworkSpec("lenet_300_100", {}, (1, 28, 28), 10), 266_610, 266_200, 0),
        (LENET_5, 431_080, 2_293_000, 0),
        # The zeros are biases of BatchNorm, one for each of its 688 channels.
        (NetworkSpec("resnet", {"depth": 20}, (3, 32, 32), 10), 269_722, 40_551_040, 688),
    ],
    ids=["lenet_300_100", "lenet_5", "resnet_20"],
)
def test_the_sizes_that_papers_print(spec: NetworkSpec, params: int, macs: int, zeros: int):
    torch.manual_seed(0)
    network = spec.build()
    cost = UnitGraph(network, spec.example()).cost
    widths = UnitGraph(network, spec.example()).widths
    assert count_params(network) == cost.params(widths) == params
    assert count_macs(network, spec.example()) == cost.macs(widths) == macs
    assert sum(int((value == 0).sum()) for value in network.parameters()) == zeros
    assert count_nonzero(network, None) == params


def test_half_of_lenet_5_has_109295_parameters():
    torch.manual_seed(0)
    network = LENET_5.build()
    units = UnitGraph(network, LENET_5.example())
    assert list(units.widths.values()) == [20, 50, 500]
    half = {name: width // 2 for name, width in units.widths.items()}
    scores = magnitudes(network, units)
    removal = lowest(scores, half)
    for name, gone in removal.items():
        kept = [unit for unit in range(len(scores[name])) if unit not in gone]
        assert max(scores[name][gone]) < min(scores[name][kept])
    floors = dict.fromkeys(half, 1)
    assert uniform(scores, units.widths, floors, units.cost.params, 109_295) == removal
    smaller = remove_units(network, LENET_5, removal)
    found = UnitGraph(network, LENET_5.example()).widths
    assert list(found.values()) == [10, 25, 250]
    assert network[-1].out_features == 10
    assert count_params(network) == 109_295
    assert count_macs(network, LENET_5.example()) == 144_000 + 400_000 + 100_000 + 2_500
    assert {name: len(gone) for name, gone in smaller.removed.items()} == half


def test_a_shrunk_network_is_rebuilt_and_exported(spec: NetworkSpec, tmp_path: Path):
    network = used(spec)
    dense = outputs(network, spec)
    units = UnitGraph(network, spec.example())
    half = {name: -(-width // 2) for name, width in units.widths.items()}
    smaller = remove_units(network, spec, lowest(magnitudes(network, units), half))
    assert UnitGraph(network, spec.example()).widths == half
    assert count_params(network) == units.cost.params(half) < units.cost.params(units.widths)
    assert count_macs(network, spec.example()) == units.cost.macs(half)
    write_network(tmp_path / "n.safetensors", network, smaller, "key")
    found, found_spec = read_network(tmp_path / "n.safetensors")
    assert found_spec == smaller
    assert torch.equal(outputs(found, spec), outputs(network, spec))
    assert not torch.equal(outputs(found, spec), dense)
    assert export_network(found, spec.example(), tmp_path / "n.onnx") < 1e-5


def test_a_masked_network_is_rebuilt_and_exported(spec: NetworkSpec, tmp_path: Path):
    network = used(spec)
    dense = outputs(network, spec)
    tensors = {name: value.detach() for name, value in network.named_parameters()}
    scores = as_numpy({name: tensors[name].abs() for name in maskable(network)})
    weights = sum(score.size for score in scores.values())
    kept = kept_uniform(scores, dict.fromkeys(scores, 1), weights // 2)
    masks = {name: torch.from_numpy(mask) for name, mask in kept.items()}
    apply_masks(network, masks)
    gone = weights - weights // 2
    assert count_params(network) - count_nonzero(network, masks) == gone
    write_network(tmp_path / "n.safetensors", network, spec, "key", masks)
    found, found_spec, found_masks = read_masked_network(tmp_path / "n.safetensors")
    assert found_spec == spec
    assert found_masks is not None
    assert set(found_masks) == set(masks)
    assert all(torch.equal(found_masks[name], mask) for name, mask in masks.items())
    assert torch.equal(outputs(found, spec), outputs(network, spec))
    assert not torch.equal(outputs(found, spec), dense)
    assert export_network(found, spec.example(), tmp_path / "n.onnx") < 1e-5
