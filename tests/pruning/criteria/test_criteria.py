"""Criteria: scores that can be computed by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from prunestudy.data.tensors import Batches, Split
from prunestudy.errors import StudyError
from prunestudy.networks.architectures import cnn
from prunestudy.networks.spec import copy_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.criteria.activation_entropy import BINS
from prunestudy.pruning.criteria.scoring import FOLDER, normalised
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.saliency_inputs import SALIENCY_BATCHES, SaliencyInputs
from prunestudy.settings.parts import load_part
from prunestudy.training.objective import Objective
from tests.pruning.criteria.scored import score_units, score_weights, units_of, weights_of

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


def regression_batches(batch_size: int) -> Batches:
    """The four rows in batches."""
    rows = Split(torch.tensor(INPUTS).float(), torch.tensor(TARGETS).float())
    return Batches(rows, batch_size, 0)


def evidence(network: nn.Module, batch_size: int = 4) -> SaliencyInputs:
    """What criteria see of a regression network."""
    units = UnitGraph(network, torch.zeros(1, 2))
    return SaliencyInputs(network, units.groups, regression_batches(batch_size), REGRESSION)


def raw(name: str, found: SaliencyInputs, layer: str = "0") -> list[float]:
    """Scores of a layer's units before they are normalised."""
    return units_of(name)(found.groups[layer], found).tolist()


def raw_weights(name: str, found: SaliencyInputs, weight: str = "0.weight") -> np.ndarray:
    """Scores of a matrix's entries before they are normalised."""
    return weights_of(name)(weight, found).numpy()


def gradients(inputs: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Derivatives of the mean loss of some rows by each parameter of the linear network."""
    error = errors(inputs, targets)
    hidden = inputs @ W1.T + B1
    return {
        "w1": (error * W2).T @ inputs / len(inputs),
        "b1": (error * W2).mean(axis=0),
        "w2": (error * hidden).mean(axis=0, keepdims=True),
    }


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


def test_the_activation_is_the_one_that_the_next_layer_reads():
    network = nn.Sequential(*linear_network())
    network = nn.Sequential(network[0], nn.ReLU(), network[1])
    hidden = INPUTS @ W1.T + B1
    activation = np.maximum(hidden, 0)
    by_hand = np.abs(2 * (activation @ W2.T + B2 - TARGETS) * W2).mean(axis=0)
    assert 0 < (hidden > 0).mean() < 1
    assert raw("sensitivity", evidence(network)) == pytest.approx(by_hand.tolist())
    variance = raw("activation_variance", evidence(network))
    assert variance == pytest.approx(activation.var(axis=0).tolist())


@pytest.mark.parametrize("batch_size", [2, 4])
def test_gradient_is_the_mean_over_batches_of_the_loss_by_each_parameter_of_the_unit(
    batch_size: int,
):
    found = evidence(linear_network(), batch_size)
    scores, entries = [], []
    for rows, targets in regression_batches(batch_size):
        by = gradients(rows.numpy(), targets.numpy())
        scores.append(np.abs(by["w1"]).sum(axis=1) + np.abs(by["b1"]) + np.abs(by["w2"][0]))
        entries.append(np.abs(by["w1"]))
    assert len(scores) == 4 // batch_size
    by_hand = np.mean(scores, axis=0)
    assert raw("gradient", found) == pytest.approx(by_hand.tolist(), rel=1e-5)
    assert raw_weights("gradient", found) == pytest.approx(np.mean(entries, axis=0), rel=1e-5)


@pytest.mark.parametrize("batch_size", [2, 4])
def test_taylor_is_the_squared_sum_of_weight_times_derivative_over_the_unit(batch_size: int):
    found = evidence(linear_network(), batch_size)
    sums, products = [], []
    for rows, targets in regression_batches(batch_size):
        by = gradients(rows.numpy(), targets.numpy())
        sums.append((W1 * by["w1"]).sum(axis=1) + B1 * by["b1"] + W2[0] * by["w2"][0])
        products.append(by["w1"])
    by_hand = np.square(sums).mean(axis=0)
    assert raw("taylor", found) == pytest.approx(by_hand.tolist(), rel=1e-4)
    entries = np.abs(W1 * np.mean(products, axis=0))
    assert raw_weights("taylor", found) == pytest.approx(entries, rel=1e-4)
    assert raw_weights("snip", found) == pytest.approx(entries, rel=1e-4)


def test_obd_is_half_the_curvature_times_the_squared_weight():
    squares = [
        {name: value**2 for name, value in gradients(rows, targets).items()}
        for rows, targets in zip(INPUTS[:, None], TARGETS[:, None], strict=True)
    ]
    fisher = {name: np.mean([row[name] for row in squares], axis=0) for name in squares[0]}
    entries = 0.5 * fisher["w1"] * W1**2
    units = entries.sum(axis=1) + 0.5 * (fisher["b1"] * B1**2 + fisher["w2"][0] * W2[0] ** 2)
    for batch_size in (2, 4):
        found = evidence(linear_network(), batch_size)
        assert raw("obd", found) == pytest.approx(units.tolist(), rel=1e-4)
        assert raw_weights("obd", found) == pytest.approx(entries, rel=1e-4)


def test_weight_spread_is_the_deviation_of_the_incoming_weights():
    # (1, −2) and (3, 4) spread 1.5 and 0.5 about their means.
    assert raw("weight_spread", evidence(linear_network())) == pytest.approx([1.5, 0.5])


def test_weight_variance_ranks_as_weight_spread_does():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 30), nn.ReLU(), nn.Linear(30, 20), nn.Linear(20, 1))
    found = evidence(network)
    for layer in found.groups:
        spread, variance = (
            torch.tensor(raw(name, found, layer)) for name in ("weight_spread", "weight_variance")
        )
        assert torch.equal(spread.argsort(), variance.argsort())
        assert torch.allclose(spread.square(), variance)


def test_the_magnitude_of_a_weight_is_its_absolute_value():
    assert raw_weights("magnitude", evidence(linear_network())).tolist() == np.abs(W1).tolist()


def test_activation_variance_and_entropy_look_at_the_activations_of_all_samples():
    hidden = INPUTS @ W1.T + B1
    found = evidence(linear_network(), 2)
    assert raw("activation_variance", found) == pytest.approx(hidden.var(axis=0).tolist())
    by_hand = []
    for values in hidden.T:
        counts, _edges = np.histogram(values, BINS)
        shares = counts[counts > 0] / counts.sum()
        by_hand.append(-(shares * np.log(shares)).sum())
    assert raw("activation_entropy", found) == pytest.approx(by_hand)


def test_a_constant_activation_has_no_entropy():
    network = linear_network()
    with torch.no_grad():
        network[0].weight[0] = 0
    assert raw("activation_entropy", evidence(network))[0] == 0


def test_bn_scale_is_the_scale_of_the_batch_norm_that_follows():
    network = cnn.build((1, 8, 8), 3, [3, 4])
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([-2.0, 0.5, 1.0]))
    units = UnitGraph(network, torch.zeros(1, 1, 8, 8))
    rows = Split(torch.randn(4, 1, 8, 8), torch.arange(4) % 3)
    objective = Objective("cross_entropy", "accuracy")
    found = SaliencyInputs(network, units.groups, Batches(rows, 4, 0), objective)
    assert raw("bn_scale", found) == [2, 0.5, 1]
    with pytest.raises(StudyError, match="no BatchNorm follows layer '0'"):
        raw("bn_scale", evidence(linear_network()))


def test_evidence_looks_at_a_limited_number_of_batches():
    rows = Split(torch.randn(100, 2), torch.randn(100, 1))
    seen = []
    network = linear_network()
    units = UnitGraph(network, torch.zeros(1, 2))
    network.register_forward_pre_hook(lambda _module, inputs: seen.append(len(inputs[0])))
    found = SaliencyInputs(network, units.groups, Batches(rows, 10, 0), REGRESSION)
    raw("gradient", found)
    raw("sensitivity", found)
    assert seen == [10] * SALIENCY_BATCHES


def test_the_position_of_a_channel_is_averaged_and_batch_norm_evaluated():
    torch.manual_seed(0)
    network = cnn.build((1, 8, 8), 3, [3, 4])
    network(torch.randn(32, 1, 8, 8))
    rows = Split(torch.randn(12, 1, 8, 8), torch.arange(12) % 3)
    objective = Objective("cross_entropy", "accuracy")
    units = UnitGraph(network, torch.zeros(1, 1, 8, 8))
    found = SaliencyInputs(network, units.groups, Batches(rows, 5, 0), objective)
    score = torch.tensor(raw("sensitivity", found))
    by_hand = torch.zeros(3)
    network.eval()
    for image, target in zip(rows.inputs.split(1), rows.targets.split(1), strict=True):
        activation = network[:4](image).detach().requires_grad_()
        loss = objective.loss_of(network[4:](activation), target)
        [derivative] = torch.autograd.grad(loss, activation)
        by_hand += derivative.abs().mean(dim=(0, 2, 3)) / 12
    assert torch.allclose(score, by_hand, rtol=1e-4)


# Random scores.


def batches(seed: int, epoch: int) -> Batches:
    """Batches at an epoch of the clock."""
    found = Batches(Split(torch.randn(8, 2), torch.randn(8, 1)), 4, seed)
    found.epoch = epoch
    return found


def test_random_scores_depend_on_seed_epoch_and_layer_alone():
    network = nn.Sequential(nn.Linear(2, 9), nn.Linear(9, 9), nn.Linear(9, 1))
    units = UnitGraph(network, torch.zeros(1, 2))

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


OF_UNITS = [name for name, found in CRITERIA.items() if "units" in found.scores]
OF_WEIGHTS = [name for name, found in CRITERIA.items() if "weights" in found.scores]


@pytest.mark.parametrize("name", OF_UNITS)
@pytest.mark.parametrize("training", [True, False])
def test_a_criterion_does_not_change_the_network(name: str, training: bool):
    torch.manual_seed(0)
    network = cnn.build((1, 8, 8), 3, [3, 4]).train(training)
    before = copy_network(network).state_dict()
    rows = Split(torch.randn(12, 1, 8, 8), torch.arange(12) % 3)
    units = UnitGraph(network, torch.zeros(1, 1, 8, 8))
    random_state = torch.get_rng_state()
    found = score_units(
        name, network, units, Batches(rows, 5, 0), Objective("cross_entropy", "accuracy")
    )
    assert {layer: len(values) for layer, values in found.items()} == units.widths
    assert network.training == training
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_pre_hooks for module in network.modules())
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_scoring_weights_does_not_change_the_network(name: str):
    network = linear_network().train()
    before = copy_network(network).state_dict()
    units = UnitGraph(network, torch.zeros(1, 2))
    found = score_weights(name, network, units, batches(0, 0), REGRESSION, ["0.weight"])
    assert found["0.weight"].shape == (2, 2)
    assert network.training
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", [name for name in OF_UNITS if name != "bn_scale"])
def test_scores_sum_to_one_in_each_layer(name: str):
    network = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 4), nn.Linear(4, 1))
    units = UnitGraph(network, torch.zeros(1, 2))
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


def test_scores_without_a_sum_become_equal_shares():
    assert normalised(torch.zeros(4)).tolist() == [0.25] * 4


def test_scores_as_multiples_of_the_mean_or_as_they_are():
    scores = torch.tensor([1.0, 3.0])
    assert normalised(scores, "mean").tolist() == [0.5, 1.5]
    assert normalised(scores, "none").tolist() == [1, 3]


@pytest.mark.parametrize("how", ["layer", "mean", "none"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_of_a_diverged_network_are_refused(how: str, value: float):
    with pytest.raises(StudyError, match="not finite"):
        normalised(torch.tensor([value, 1.0]), how)


def test_every_criterion_is_a_file_and_scores_what_its_entry_says():
    [folder] = load_part("prunestudy.pruning", "criteria").__path__
    files = {path.stem for path in Path(folder).glob("*.py")}
    assert files - {"__init__", "scoring", "settings"} == set(CRITERIA)
    for name, info in CRITERIA.items():
        part = load_part(FOLDER, name)
        assert {what for what in ("units", "weights") if hasattr(part, what)} == set(info.scores)


def test_units_and_weights_are_not_mixed_up():
    network = linear_network()
    units = UnitGraph(network, torch.zeros(1, 2))
    with pytest.raises(StudyError, match="scores weights, not units"):
        score_units("snip", network, units, batches(0, 0), REGRESSION)
    with pytest.raises(StudyError, match="scores units, not weights"):
        score_weights("sensitivity", network, units, batches(0, 0), REGRESSION, ["0.weight"])


OWN = """
def even(group, evidence):
    return evidence.tensors[group.layer + ".weight"].abs().sum(1)

def short(group, evidence):
    return evidence.tensors[group.layer + ".weight"].sum()
"""


def test_a_criterion_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "own_criteria_of_a_test.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    network = linear_network()
    units = UnitGraph(network, torch.zeros(1, 2))

    def scores(name: str) -> dict[str, torch.Tensor]:
        dotted = f"own_criteria_of_a_test.{name}"
        return score_units(dotted, network, units, batches(0, 0), REGRESSION, "none")

    assert scores("even")["0"].tolist() == [3, 7]
    with pytest.raises(StudyError, match=r"expected \(2,\)"):
        scores("short")
    with pytest.raises(StudyError, match="cannot be loaded"):
        scores("absent")
