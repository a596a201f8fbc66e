"""Masked networks: equal to the shrunk ones, small on disk, and held through training."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from prunestudy.evaluation.cost import count_macs, count_macs_nonzero, count_nonzero
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.storage import read_masked_network, write_network
from prunestudy.pruning.masks import apply_masks, clear_state
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.state import TrajectoryResult
from prunestudy.pruning.surgery import remove_units
from prunestudy.training.loop import make_optimizer
from prunestudy.training.settings import Training
from tests.keeping import full_masks
from tests.pruning.allocation.spread import kept_global

MASKING = OpenLoop(criterion="magnitude", granularity="unstructured", allocation="global")
CNN = NetworkSpec("cnn", {"channels": [6, 5]}, (2, 8, 8), 3)


# Masks of whole units.


def of_integers(spec: NetworkSpec) -> nn.Module:
    """A network whose every number is a small integer, so that no sum is rounded."""
    torch.manual_seed(0)
    network = spec.build().eval()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.copy_(torch.randint(-3, 4, tensor.shape))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_var.fill_(1)
                module.eps = 0.0
    return network


@pytest.mark.parametrize(
    ("spec", "removal"),
    [
        (NetworkSpec("mlp", {"hidden": [7, 5]}, (6,), 3), {"0": [0, 4, 6], "2": [1]}),
        (CNN, {"0": [5, 1], "4": [0, 2]}),
        (NetworkSpec("lenet_5", {}, (1, 16, 16), 4), {"0": [3, 7], "3": [0, 49], "7": [1, 2, 3]}),
        (
            NetworkSpec("resnet", {"depth": 8}, (3, 8, 8), 4),
            {"blocks.0.conv1": [0, 5], "blocks.2.conv1": [63, 1]},
        ),
    ],
    ids=["mlp", "cnn", "lenet_5", "resnet"],
)
def test_masked_units_with_their_batch_norm_are_removed_units_to_the_last_bit(
    spec: NetworkSpec, removal: dict[str, list[int]]
):
    network = of_integers(spec)
    masked, shrunk = copy_network(network), copy_network(network)
    modules = dict(masked.named_modules())
    followers = {name: name.replace("conv", "bn") for name in removal if "conv" in name}
    if spec.architecture == "cnn":
        followers = {name: str(int(name) + 1) for name in removal}
    with torch.no_grad():
        for name, units in removal.items():
            parts = [modules[name], *([modules[followers[name]]] if name in followers else [])]
            for parameter in (value for part in parts for value in part.parameters()):
                parameter[units] = 0
    remove_units(shrunk, spec, removal)
    # In double precision, integers stay exact through all of a residual network's layers.
    inputs = torch.randint(-2, 3, (8, *spec.input_shape)).double()
    with torch.no_grad():
        expected, found, dense = (made.double()(inputs) for made in (masked, shrunk, network))
    assert expected.abs().max() < 2**53
    assert (found - expected).abs().max() == 0
    assert not torch.equal(dense, expected)


# Training.


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_masks_hold_to_exactly_zero_through_training_and_disk(
    make_tools: Callable, tmp_path: Path, optimizer: str
):
    tools = make_tools(MASKING, "wdbc", optimizer=optimizer)
    state = tools.pruner.mask_weights(
        tools.pruner.dense, "magnitude", tools.pruner.dense_params / 4, kept_global
    )
    unheld = copy_network(state.network)
    state = tools.retrainer.retrain(state, 2, TrajectoryResult(), "4", 1)
    write_network(tmp_path / "n", state.network, state.spec, "key", state.masks)
    network, _spec, masks = read_masked_network(tmp_path / "n")
    assert masks is not None
    parameters = dict(network.named_parameters())
    for name, mask in masks.items():
        assert (parameters[name][~mask] == 0).all()
        assert (parameters[name][mask] != 0).all()
    assert count_nonzero(network, masks) == tools.pruner.dense_params // 4
    # Under its masks, the trained network is itself.
    again = copy_network(network)
    apply_masks(again, masks)
    rows = tools.retrainer.loop.data.validation.inputs
    with torch.no_grad():
        assert torch.equal(network(rows), again(rows))
        assert torch.equal(network(rows), state.network.eval()(rows))
    # Training without masks revives them, so the above says something.
    tools.retrainer.loop.train(unheld, 0, 1)
    revived = dict(unheld.named_parameters())
    assert all((revived[name][~mask] != 0).any() for name, mask in masks.items())


@pytest.mark.parametrize(("optimizer", "memories"), [("sgd", 1), ("adam", 2)])
def test_only_what_is_remembered_of_masked_weights_is_cleared(optimizer: str, memories: int):
    torch.manual_seed(0)
    network = NetworkSpec("mlp", {"hidden": [5]}, (10,), 1).build()
    own = make_optimizer(network, Training(optimizer=optimizer, lr=0.01, epochs=1))
    network(torch.randn(8, 10)).square().sum().backward()
    own.step()
    before = copy.deepcopy(own.state)
    masks = full_masks(network)
    mask = masks["0.weight"]
    mask[1:3, ::2] = False
    clear_state(network, own, masks)
    checked = 0
    for parameter, old in zip(network.parameters(), before.values(), strict=True):
        for name, value in own.state[parameter].items():
            if parameter is network[0].weight and value.shape == mask.shape:
                assert (value[~mask] == 0).all()
                assert (old[name][~mask] != 0).any()
                assert torch.equal(value[mask], old[name][mask])
                checked += 1
            else:
                assert torch.equal(value, old[name])
    assert checked == memories


# Size and cost.


def test_masks_take_a_bit_a_weight_on_disk(tmp_path: Path):
    spec = NetworkSpec("mlp", {"hidden": [256]}, (128,), 1)
    network = spec.build()
    masks = full_masks(network)
    masks["0.weight"][::2] = False
    apply_masks(network, masks)
    write_network(tmp_path / "plain", network, spec, "key")
    write_network(tmp_path / "masked", network, spec, "key", masks)
    sizes = [(tmp_path / name).stat().st_size for name in ("plain", "masked")]
    bits = 256 * 128 // 8
    # The entry in the header comes on top; the output layer's mask holds nothing.
    assert bits < sizes[1] - sizes[0] < bits + 200


def test_masks_save_no_macs_but_for_a_runtime_that_skips_them():
    network = CNN.build()
    masks = full_masks(network)
    dense = 64 * 9 * 2 * 6 + 16 * 9 * 6 * 5 + 5 * 3
    assert count_macs(network, CNN.example()) == dense
    assert count_macs_nonzero(network, CNN.example(), masks) == dense
    masks["0.weight"][0, 0] = False
    masks["4.weight"][1, :, 0, 0] = False
    masks["9.weight"][2, 1] = False
    apply_masks(network, masks)
    assert count_macs(network, CNN.example()) == dense
    assert count_macs_nonzero(network, CNN.example(), masks) == dense - 64 * 9 - 16 * 6 - 1
