"""Every criterion on networks of a handful of integers, worked out on paper."""

import math

import pytest
import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Batches, Split
from prunestudy.errors import CellFailure, StudyError
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.saliency_inputs import SaliencyInputs
from prunestudy.training.objective import Objective
from tests.pruning.criteria.scored import score_units, score_weights, units_of, weights_of

REGRESSION = Objective("mse", "r2")

# Samples (1, 1) → 3 and (−1, 1) → 2. Hidden before ReLU: (3, 3) and (1, −3), so the second neuron
# is silent on the second sample. Outputs 4 and 3: both errors are 1, both ∂L/∂output are 2.
#
#              first sample            second sample
# ∂L/∂a        (4, −2)                 (4, −2)
# ∂L/∂W2       (6, 6)                  (2, 0)
# ∂L/∂W1       (4, 4), (−2, −2)        (−4, 4), (0, 0)
# ∂L/∂b1       (4, −2)                 (4, 0)
W1 = [[1.0, 2.0], [3.0, -2.0]]
B1 = [0.0, 2.0]
W2 = [[2.0, -1.0]]
B2 = [1.0]
INPUTS = [[1.0, 1.0], [-1.0, 1.0]]
TARGETS = [[3.0], [2.0]]


@pytest.fixture
def network() -> nn.Module:
    """Two inputs, two neurons with ReLU, one output."""
    made = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        for parameter, values in zip(made.parameters(), (W1, B1, W2, B2), strict=True):
            parameter.copy_(torch.tensor(values))
    return made


def evidence(
    network: nn.Module,
    inputs: list[list[float]] = INPUTS,
    targets: list[list[float]] = TARGETS,
    batch_size: int = 1,
) -> SaliencyInputs:
    """What criteria see of some samples; each is a batch of its own unless said otherwise."""
    rows = Split(torch.tensor(inputs), torch.tensor(targets))
    units = UnitGraph(network, torch.zeros(1, 2))
    batches = Batches(rows, 2, 0)
    batches.sizes = [batch_size] * (len(inputs) // batch_size)
    return SaliencyInputs(network, units.groups, batches, REGRESSION)


def units(name: str, found: SaliencyInputs, layer: str = "0") -> list[float]:
    """Raw scores of a layer's units."""
    return units_of(name)(found.groups[layer], found).tolist()


def weights(name: str, found: SaliencyInputs, weight: str) -> list[list[float]]:
    """Raw scores of the entries of a weight."""
    return weights_of(name)(weight, found).tolist()


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        # |1| + |2| and the |2| that reads it; |3| + |−2| and the |−1|.
        ("magnitude", [5, 6]),
        ("filter_norm", [3, 5]),
        # (1, 2) lie 0.5 from their mean, (3, −2) lie 2.5 from theirs.
        ("weight_spread", [0.5, 2.5]),
        ("weight_variance", [0.25, 6.25]),
        # Means of |∂L/∂w|: 4 + 4 + 4 (bias) + 4; 1 + 1 + 1 (bias) + 3.
        ("gradient", [16, 6]),
        # Over both: 16 + 0 + 0 (bias) + 4; 1 + 1 + 1 (bias) + 9.
        ("gradient_variance", [20, 12]),
        # Σ w·∂L/∂w is 24, then 8; −12, then 0.
        ("taylor", [(24**2 + 8**2) / 2, 12**2 / 2]),
        ("sensitivity", [4, 2]),
        # 3 and 1; 3 and 0.
        ("activation_variance", [1, 2.25]),
        ("activation_entropy", [math.log(2), math.log(2)]),
        # ½ h w² with h the mean square: 8 + 32 + 0 (bias) + 40; 9 + 4 + 4 (bias) + 9.
        ("obd", [80, 26]),
    ],
)
def test_units(network: nn.Module, name: str, scores: list[float]):
    assert units(name, evidence(network)) == pytest.approx(scores)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("magnitude", [[1, 2], [3, 2]], [[2, 1]]),
        ("gradient", [[4, 4], [1, 1]], [[4, 3]]),
        ("gradient_variance", [[16, 0], [1, 1]], [[4, 9]]),
        # |w| times the magnitude of the mean derivative: (0, 4), (−1, −1) and (4, 3).
        ("taylor", [[0, 8], [3, 2]], [[8, 3]]),
        ("snip", [[0, 8], [3, 2]], [[8, 3]]),
        # Mean squares of the derivatives: (16, 16), (2, 2) and (20, 18).
        ("obd", [[8, 32], [9, 4]], [[40, 9]]),
    ],
)
def test_weights(
    network: nn.Module, name: str, first: list[list[float]], second: list[list[float]]
):
    found = evidence(network)
    assert torch.allclose(torch.tensor(weights(name, found, "0.weight")), torch.tensor(first) + 0.0)
    assert weights(name, found, "2.weight") == [pytest.approx(second[0])]


def test_a_batch_of_both_samples_averages_before_it_takes_magnitudes(network: nn.Module):
    found = evidence(network, batch_size=2)
    # Mean derivatives (0, 4), 4 (bias), 4; (−1, −1), −1 (bias), 3.
    assert units("gradient", found) == pytest.approx([12, 6])
    assert units("taylor", found) == pytest.approx([16**2, 6**2])
    # A sample's own derivative and curvature do not depend on the batch that it came in.
    assert units("sensitivity", found) == pytest.approx([4, 2])
    assert units("obd", found) == pytest.approx([80, 26])


def test_one_batch_has_no_variance_of_gradients(network: nn.Module):
    found = evidence(network, batch_size=2)
    # The cell fails, and the rest of the study goes on.
    with pytest.raises(CellFailure, match="at least two batches"):
        units("gradient_variance", found)
    with pytest.raises(CellFailure, match="at least two batches"):
        weights("gradient_variance", found, "0.weight")


def test_entropy_counts_how_often_values_occur(network: nn.Module):
    # A third sample (−2, 1) silences both: activations 3, 1, 0 and 3, 0, 0.
    found = evidence(network, [*INPUTS, [-2.0, 1.0]], [*TARGETS, [0.0]])
    twice = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
    assert units("activation_entropy", found) == pytest.approx([math.log(3), twice])


def test_one_sample_has_neither_variance_nor_entropy(network: nn.Module):
    found = evidence(network, INPUTS[:1], TARGETS[:1])
    assert units("activation_variance", found) == [0, 0]
    assert units("activation_entropy", found) == [0, 0]
    assert units("taylor", found) == [24**2, 12**2]


def test_random_scores_are_seeded_numbers_between_zero_and_one(network: nn.Module):
    first, second = (units("random", evidence(network)) for _ in range(2))
    assert first == second
    one, two = weights("random", evidence(network), "0.weight")
    assert [one, two] == weights("random", evidence(network), "0.weight")
    numbers = [*first, *one, *two]
    assert len(set(numbers)) == 6
    assert all(0 <= number < 1 for number in numbers)
    other = evidence(network)
    other._batches.seed = 1
    assert units("random", other) != first


# Convolution and BatchNorm.


def images(network: nn.Module) -> tuple[UnitGraph, Batches, Objective]:
    """What scoring a network on single-channel images of 2 × 2 needs."""
    rows = Split(torch.ones(2, 1, 2, 2), torch.tensor([0, 1]))
    return (
        UnitGraph(network, torch.zeros(1, 1, 2, 2)),
        Batches(rows, 2, 0),
        Objective("cross_entropy", "accuracy"),
    )


def convolutional(scales: list[float] | None) -> nn.Module:
    """One convolution of two channels, with BatchNorm of these scales or none."""
    normed: list[nn.Module] = [nn.BatchNorm2d(2)] if scales else []
    network = nn.Sequential(nn.Conv2d(1, 2, 1), *normed, nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    if scales:
        with torch.no_grad():
            network[1].weight.copy_(torch.tensor(scales))
    return network


def test_bn_scale_is_the_magnitude_of_the_scale():
    network = convolutional([0.5, -2.0])
    graph, batches, objective = images(network)
    found = score_units("bn_scale", network, graph, batches, objective, "none")
    assert found["0"].tolist() == [0.5, 2]
    shares = score_units("bn_scale", network, graph, batches, objective)
    assert shares["0"].tolist() == [0.2, 0.8]


def test_bn_scale_without_batch_norm_is_a_sentence():
    network = convolutional(None)
    with pytest.raises(StudyError, match="no BatchNorm follows layer '0'"):
        score_units("bn_scale", network, *images(network))


def test_bn_scale_does_not_score_weights():
    network = convolutional([1.0, 1.0])
    graph, batches, objective = images(network)
    with pytest.raises(StudyError, match="'bn_scale' scores units, not weights"):
        score_weights("bn_scale", network, graph, batches, objective, ["0.weight"])


def test_magnitude_of_a_channel_covers_its_kernel_and_all_that_reads_it():
    network = convolutional(None)
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([3.0, -4.0]).reshape(2, 1, 1, 1))
        network[3].weight.copy_(torch.arange(16.0).reshape(2, 8))
    graph, batches, objective = images(network)
    found = score_units("magnitude", network, graph, batches, objective, "none")
    # Positions 0 … 3 of each row read the first channel, 4 … 7 the second.
    assert found["0"].tolist() == [3 + 0 + 1 + 2 + 3 + 8 + 9 + 10 + 11, 4 + 22 + 54]
    own = score_units("filter_norm", network, graph, batches, objective, "none")
    assert own["0"].tolist() == [3, 4]


@pytest.mark.parametrize("name", ["sensitivity", "activation_variance"])
def test_an_activation_is_seen_behind_batch_norm_and_relu(name: str):
    network = convolutional([0.0, 1.0])
    with torch.no_grad():
        network[0].weight.fill_(1)
        network[0].bias.zero_()
        network[1].bias.copy_(torch.tensor([5.0, -100.0]))
    graph, batches, objective = images(network)
    batches.part.inputs[1] = 3
    found = SaliencyInputs(network, graph.groups, batches, objective)
    values: Tensor = found.activations["0"].values
    # A scale of zero leaves the shift alone; a low shift leaves nothing after ReLU.
    assert values[:, 0].unique().tolist() == [5]
    assert values[:, 1].unique().tolist() == [0]
    if name == "activation_variance":
        assert units(name, found) == [0, 0]
    else:
        # The next layer's derivative does not stop at a neuron that is silent.
        assert min(units(name, found)) > 0
