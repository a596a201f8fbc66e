"""Units and surgery: what is coupled goes together, and costs are exact."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from prunestudy.errors import StudyError
from prunestudy.evaluation.cost import count_macs, count_params
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.surgery import remove_units
from tests.specs import OF_INDICES


def mlp(hidden: list[int]) -> NetworkSpec:
    """A fully connected network on six features."""
    return NetworkSpec("mlp", {"hidden": hidden}, (6,), 3)


def cnn(channels: list[int]) -> NetworkSpec:
    """A convolutional network on two-channel images of 8 × 8."""
    return NetworkSpec("cnn", {"channels": channels}, (2, 8, 8), 3)


WIDTHS = st.lists(st.integers(1, 9), min_size=1, max_size=3)
SPECS = WIDTHS.map(mlp) | WIDTHS.map(cnn) | st.sampled_from(list(OF_INDICES.values()))


@st.composite
def removals(draw: st.DrawFn, widths: dict[str, int]) -> dict[str, list[int]]:
    """Units of some layers, never all of one."""
    return {
        layer: draw(st.lists(st.integers(0, size - 1), max_size=size - 1, unique=True))
        for layer, size in widths.items()
        if draw(st.booleans())
    }


# The units.


def test_every_hidden_layer_has_units_and_the_output_has_none():
    units = UnitGraph(mlp([5, 4]).build(), torch.zeros(1, 6))
    assert units.widths == {"0": 5, "2": 4}
    assert list(units.widths) == ["0", "2"]
    assert UnitGraph(cnn([4, 3]).build(), torch.zeros(1, 2, 8, 8)).widths == {"0": 4, "4": 3}


def test_a_neuron_goes_with_its_weights_its_bias_and_what_reads_it():
    slices = UnitGraph(mlp([5, 4]).build(), torch.zeros(1, 6)).groups["0"].slices
    places = {(part.layer, part.parameter, part.dim, part.incoming) for part in slices}
    assert places == {
        ("0", "weight", 0, True),
        ("0", "bias", 0, True),
        ("2", "weight", 1, False),
    }


def test_a_channel_goes_with_its_batch_norm_and_what_reads_it():
    slices = UnitGraph(cnn([4, 3]).build(), torch.zeros(1, 2, 8, 8)).groups["0"].slices
    places = {(part.layer, part.parameter, part.dim, part.incoming) for part in slices}
    assert places == {
        ("0", "weight", 0, True),
        ("1", "weight", 0, True),
        ("1", "bias", 0, True),
        ("4", "weight", 1, False),
    }


def test_a_channel_owns_all_positions_behind_a_flatten():
    class Positions(nn.Sequential):
        """A convolution whose positions are read one by one."""

    network = Positions(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 4, 2))
    units = UnitGraph(network, torch.zeros(1, 1, 4, 4))
    reading = next(part for part in units.groups["0"].slices if part.layer == "3")
    assert reading.rows == ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))
    assert units.cost.params({"0": 2}) == 2 * 9 + 2 + 2 * 4 * 2 + 2
    assert units.cost.macs({"0": 2}) == 2 * 9 * 4 + 2 * 4 * 2


def test_the_weights_of_a_unit_leave_out_biases_and_batch_norm():
    network = cnn([4, 3]).build()
    group = UnitGraph(network, torch.zeros(1, 2, 8, 8)).groups["0"]
    tensors = dict(network.named_parameters())
    assert group.weights(tensors).shape == (4, 2 * 9 + 3 * 9)
    assert group.weights(tensors, incoming_only=True).shape == (4, 2 * 9)
    assert group.parameters(tensors).shape == (4, 2 * 9 + 2 + 3 * 9)
    assert torch.equal(group.weights(tensors)[1, :18], network[0].weight[1].flatten())


def test_looking_at_a_network_does_not_change_it():
    network = cnn([4, 3]).build().train()
    before = copy_network(network).state_dict()
    UnitGraph(network, torch.zeros(1, 2, 8, 8))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_network_that_cannot_be_traced_is_a_sentence():
    with pytest.raises(StudyError, match="cannot be traced for pruning"):
        UnitGraph(mlp([5]).build(), torch.zeros(1, 7))


# Costs.


@settings(max_examples=25)
@given(st.data(), SPECS)
def test_costs_are_those_of_the_network_after_surgery(data: st.DataObject, spec: NetworkSpec):
    network = spec.build()
    units = UnitGraph(network, spec.example())
    assert units.cost.params(units.widths) == count_params(network)
    assert units.cost.macs(units.widths) == count_macs(network, spec.example())
    for _ in range(2):
        present = UnitGraph(network, spec.example()).widths
        removal = data.draw(removals(present))
        widths = {name: width - len(removal.get(name, [])) for name, width in present.items()}
        before = (count_params(network), count_macs(network, spec.example()))
        spec = remove_units(network, spec, removal)
        after = (count_params(network), count_macs(network, spec.example()))
        assert UnitGraph(network, spec.example()).widths == widths
        assert after == (units.cost.params(widths), units.cost.macs(widths))
        assert min(widths.values()) >= 1
        outputs = network(spec.example())
        assert outputs.shape == (2, 3)
        if any(removal.values()):
            assert after[0] < before[0]
            assert after[1] < before[1]
        else:
            assert after == before


def test_the_macs_of_lenet_5_with_20_50_500_units():
    network = nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )
    cost = UnitGraph(network, torch.zeros(1, 1, 28, 28)).cost
    dense = {"0": 20, "2": 50, "5": 500}
    assert (cost.params(dense), cost.macs(dense)) == (431_080, 2_293_000)
    assert count_macs(network, torch.zeros(1, 1, 28, 28)) == 2_293_000


@given(st.lists(st.integers(1, 9), min_size=2, max_size=3), st.data())
def test_costs_fall_with_every_unit(channels: list[int], data: st.DataObject):
    cost = COSTS[len(channels)]
    names = list(itertools.islice(("0", "4", "8"), len(channels)))
    widths = dict(zip(names, channels, strict=True))
    layer = data.draw(st.sampled_from(names))
    more = {**widths, layer: widths[layer] + 1}
    assert cost.params(more) > cost.params(widths)
    assert cost.macs(more) > cost.macs(widths)


COSTS = {
    count: UnitGraph(cnn([9] * count).build(), torch.zeros(1, 2, 8, 8)).cost for count in (2, 3)
}


# Surgery.


@pytest.mark.parametrize(
    ("removal", "message"),
    [
        ({"0": [0, 1, 2, 3]}, "would lose all of its 4 units"),
        ({"0": [1], "4": [0, 1, 2]}, "would lose all of its 3 units"),
        ({"0": [4]}, "has units 0 … 3"),
        ({"0": [-1]}, "has units 0 … 3"),
        ({"0": [1, 1]}, "has units 0 … 3"),
    ],
)
def test_a_removal_that_cannot_be_leaves_the_network_untouched(
    removal: dict[str, list[int]], message: str
):
    spec = cnn([4, 3])
    network = spec.build()
    before = copy_network(network).state_dict()
    with pytest.raises(StudyError, match=message):
        remove_units(network, spec, removal)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(before[name], value) for name, value in after.items())


def test_surgery_keeps_the_mode_and_says_what_is_gone():
    spec = cnn([4, 3])
    for training in (True, False):
        network = spec.build().train(training)
        assert remove_units(network, spec, {"0": [2], "4": []}).removed == {"0": [2]}
        assert network.training == training


def masked(network: nn.Module, layer: int, units: list[int]) -> nn.Module:
    """A copy in which units compute zero: weights and bias, and BatchNorm's γ and β."""
    copied = copy_network(network)
    follower = copied[layer + 1]
    with torch.no_grad():
        for module in (copied[layer], follower if isinstance(follower, nn.BatchNorm2d) else None):
            for parameter in module.parameters() if module is not None else ():
                parameter[units] = 0
    return copied


@pytest.mark.parametrize(
    ("spec", "removal"),
    [
        (mlp([7, 5]), {"0": [0, 4, 6], "2": [1]}),
        (cnn([6, 5, 4]), {"0": [5, 1], "4": [0, 2], "8": [3]}),
    ],
    ids=["mlp", "cnn"],
)
def test_a_masked_network_equals_the_shrunk_one(spec: NetworkSpec, removal: dict[str, list[int]]):
    torch.manual_seed(0)
    network = spec.build()
    for _ in range(3):
        network(torch.randn(16, *spec.input_shape) * 2 + 1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    inputs = torch.randn(20, *spec.input_shape)
    masks = network.eval()
    for layer, units in removal.items():
        masks = masked(masks, int(layer), units)
    shrunk = copy_network(network)
    remove_units(shrunk, spec, removal)
    with torch.no_grad():
        dense, expected, found = network(inputs), masks.eval()(inputs), shrunk.eval()(inputs)
    assert (found - expected).abs().max() < 1e-6
    assert (dense - expected).abs().max() > 1e-3


def test_masking_the_convolution_alone_is_not_enough():
    spec = cnn([6, 5])
    torch.manual_seed(0)
    network = spec.build()
    with torch.no_grad():
        network[1].bias += 1
        mask = copy_network(network)
        mask[0].weight[[0, 1]] = 0
    remove_units(network, spec, {"0": [0, 1]})
    inputs = torch.randn(8, *spec.input_shape)
    with torch.no_grad():
        assert (network.eval()(inputs) - mask.eval()(inputs)).abs().max() > 1e-3
