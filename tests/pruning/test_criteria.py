"""Criteria: scores that can be computed by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from prunestudy.data.tensors import Batches, Part
from prunestudy.networks.spec import copy_network
from prunestudy.networks.zoo import cnn
from prunestudy.params import Controller
from prunestudy.pruning.criteria import (
    CRITERIA,
    EVIDENCE_BATCHES,
    Evidence,
    normalised,
    score_units,
)
from prunestudy.pruning.units import UnitGraph
from prunestudy.training.quality import Objective

W1 = np.array([[1.0, -2.0], [3.0, 4.0]])
B1 = np.array([0.5, -1.0])
W2 = np.array([[2.0, -1.0]])
B2 = np.array([0.25])
INPUTS = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, 3.0], [2.0, -2.0]])
TARGETS = np.array([[1.0], [-2.0], [0.5], [3.0]])
REGRESSION = Objective("mse", "r2")


def linear_network() -> nn.Module:
    """Two linear layers with known weights and nothing between them."""
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), (W1, B1, W2, B2), strict=True):
            parameter.copy_(torch.tensor(value))
    return network


def evidence(network: nn.Module, batch_size: int = 4, shape: tuple[int, ...] = (2,)) -> Evidence:
    """What criteria see of a regression network."""
    rows = Part(torch.tensor(INPUTS).float(), torch.tensor(TARGETS).float())
    units = UnitGraph(network, shape)
    return Evidence(network, units.groups, Batches(rows, batch_size, 0), REGRESSION)


def raw(name: str, found: Evidence, layer: str = "0") -> list[float]:
    """Scores of a layer before they are normalised."""
    return CRITERIA[name](found.groups[layer], found).tolist()


def errors(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """2 (y − t) of each row: the derivative of its loss by the output."""
    hidden = inputs @ W1.T + B1
    return 2 * (hidden @ W2.T + B2 - targets)


def test_magnitude_is_the_l1_norm_of_incoming_and_outgoing_weights():
    # |1| + |−2| and the 2 that reads it; |3| + |4| and the −1 that reads it. No biases.
    assert raw("magnitude", evidence(linear_network())) == [5, 8]


def test_sensitivity_is_the_mean_over_samples_of_the_derivative_by_the_activation():
    by_hand = np.abs(errors(INPUTS, TARGETS) * W2).mean(axis=0)
    assert raw("sensitivity", evidence(linear_network())) == pytest.approx(by_hand.tolist())


@pytest.mark.parametrize("batch_size", [2, 3, 4])
def test_sensitivity_does_not_depend_on_the_batches(batch_size: int):
    by_hand = np.abs(errors(INPUTS, TARGETS) * W2).mean(axis=0)
    found = raw("sensitivity", evidence(linear_network(), batch_size))
    assert found == pytest.approx(by_hand.tolist())


def test_sensitivity_is_that_of_the_activation_before_its_nonlinearity():
    network = nn.Sequential(*linear_network())
    network = nn.Sequential(network[0], nn.ReLU(), network[1])
    hidden = INPUTS @ W1.T + B1
    outputs = np.maximum(hidden, 0) @ W2.T + B2
    by_hand = np.abs(2 * (outputs - TARGETS) * W2 * (hidden > 0)).mean(axis=0)
    assert 0 < (hidden > 0).mean() < 1
    assert raw("sensitivity", evidence(network)) == pytest.approx(by_hand.tolist())


@pytest.mark.parametrize("batch_size", [2, 4])
def test_gradient_is_the_mean_over_batches_of_the_loss_by_each_parameter_of_the_unit(
    batch_size: int,
):
    found = evidence(linear_network(), batch_size)
    scores = []
    for rows, targets in found.batches:
        inputs, error = rows.numpy(), errors(rows.numpy(), targets.numpy())
        hidden = inputs @ W1.T + B1
        w1 = (error * W2).T @ inputs / len(rows)
        b1 = (error * W2).mean(axis=0)
        w2 = (error * hidden).mean(axis=0)
        scores.append(np.abs(w1).sum(axis=1) + np.abs(b1) + np.abs(w2))
    assert len(scores) == 4 // batch_size
    by_hand = np.mean(scores, axis=0)
    assert raw("gradient", found) == pytest.approx(by_hand.tolist(), rel=1e-5)


def test_evidence_looks_at_a_limited_number_of_batches():
    rows = Part(torch.randn(100, 2), torch.randn(100, 1))
    seen = []
    network = linear_network()
    units = UnitGraph(network, (2,))
    network.register_forward_pre_hook(lambda _module, inputs: seen.append(len(inputs[0])))
    found = Evidence(network, units.groups, Batches(rows, 10, 0), REGRESSION)
    raw("gradient", found)
    raw("sensitivity", found)
    assert seen == [10] * EVIDENCE_BATCHES


def test_the_position_of_a_channel_is_averaged_and_batch_norm_evaluated():
    torch.manual_seed(0)
    network = cnn((1, 8, 8), 3, [3, 4])
    network(torch.randn(32, 1, 8, 8))
    rows = Part(torch.randn(12, 1, 8, 8), torch.arange(12) % 3)
    objective = Objective("cross_entropy", "accuracy")
    units = UnitGraph(network, (1, 8, 8))
    found = Evidence(network, units.groups, Batches(rows, 5, 0), objective)
    score = torch.tensor(raw("sensitivity", found))
    by_hand = torch.zeros(3)
    network.eval()
    for image, target in zip(rows.inputs.split(1), rows.targets.split(1), strict=True):
        activation = network[0](image).detach().requires_grad_()
        loss = objective.loss_of(network[1:](activation), target)
        [derivative] = torch.autograd.grad(loss, activation)
        by_hand += derivative.abs().mean(dim=(0, 2, 3)) / 12
    assert torch.allclose(score, by_hand, rtol=1e-4)


# Random scores.


def batches(seed: int, epoch: int) -> Batches:
    """Batches at an epoch of the clock."""
    found = Batches(Part(torch.randn(8, 2), torch.randn(8, 1)), 4, seed)
    found.epoch = epoch
    return found


def test_random_scores_depend_on_seed_epoch_and_layer_alone():
    network = nn.Sequential(nn.Linear(2, 9), nn.Linear(9, 9), nn.Linear(9, 1))
    units = UnitGraph(network, (2,))

    def scores(seed: int, epoch: int) -> dict[str, list[float]]:
        found = score_units("random", network, units, batches(seed, epoch), REGRESSION)
        return {layer: values.tolist() for layer, values in found.items()}

    first = scores(1, 2)
    torch.manual_seed(77)
    assert scores(1, 2) == first
    assert first["0"] != first["1"]
    assert scores(2, 2)["0"] != first["0"]
    assert scores(1, 3)["0"] != first["0"]


# All criteria.


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("training", [True, False])
def test_a_criterion_does_not_change_the_network(name: str, training: bool):
    torch.manual_seed(0)
    network = cnn((1, 8, 8), 3, [3, 4]).train(training)
    before = copy_network(network).state_dict()
    rows = Part(torch.randn(12, 1, 8, 8), torch.arange(12) % 3)
    units = UnitGraph(network, (1, 8, 8))
    random_state = torch.get_rng_state()
    found = score_units(
        name, network, units, Batches(rows, 5, 0), Objective("cross_entropy", "accuracy")
    )
    assert {layer: len(values) for layer, values in found.items()} == units.widths
    assert network.training == training
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize("name", CRITERIA)
def test_scores_sum_to_one_in_each_layer(name: str):
    network = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 4), nn.Linear(4, 1))
    units = UnitGraph(network, (2,))
    found = score_units(name, network, units, batches(0, 0), REGRESSION)
    for values in found.values():
        assert values.sum().item() == pytest.approx(1)
        assert (values >= 0).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_normalised_scores_are_shares_in_the_same_order(values: list[float]):
    scores = torch.tensor(values)
    found = normalised(scores)
    assert found.sum().item() == pytest.approx(1)
    assert ((found >= 0) & (found <= 1)).all()
    if scores.any():
        order = scores.double().abs()
        assert torch.equal(found.argsort(stable=True), order.argsort(stable=True))


@pytest.mark.parametrize("values", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_scores_without_a_sum_become_equal_shares(values: list[float]):
    assert normalised(torch.tensor(values)).tolist() == [0.5, 0.5]


def test_every_criterion_that_params_name_is_there():
    schema = Controller.model_json_schema()
    named = schema["properties"]["criteria"]["items"]["enum"]
    assert set(named) == set(CRITERIA)
