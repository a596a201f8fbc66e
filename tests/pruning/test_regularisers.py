"""Regularisers: exact proximal steps."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.networks.architectures import cnn, mlp
from prunestudy.pruning.regularisers.proximal import (
    group_threshold,
    proximal_steps,
    soft_threshold,
)
from prunestudy.pruning.regularisers.settings import Regulariser
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.stages import regularised
from prunestudy.pruning.state import TrajectoryResult

NO_OPTIMIZER: Any = None


def test_soft_thresholding_shrinks_towards_zero_and_stops_there():
    values = torch.tensor([3.0, -3.0, 0.5, -0.5, 0.0])
    assert soft_threshold(values, 1).tolist() == [2, -2, 0, 0, 0]


def test_group_thresholding_shortens_rows_and_empties_short_ones():
    rows = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    found = group_threshold(rows, 1)
    assert found[0].tolist() == pytest.approx([2.4, 3.2])
    assert found[1:].tolist() == [[0, 0], [0, 0]]


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=8), st.floats(0.01, 5))
def test_the_proximal_step_minimises_its_objective(values: list[float], amount: float):
    start = torch.tensor(values).double()

    def objective(point: torch.Tensor) -> float:
        return (0.5 * (point - start).square().sum() + amount * point.abs().sum()).item()

    best = soft_threshold(start, amount)
    torch.manual_seed(0)
    for scale in (1e-3, 0.1, 1.0):
        assert objective(best) <= objective(best + scale * torch.randn(len(values))) + 1e-9


def test_each_kind_touches_its_own_parameters():
    def changed(kind: str, network: torch.nn.Module) -> set[str]:
        before = {name: value.clone() for name, value in network.named_parameters()}
        proximal_steps(kind, 0.5)(network, NO_OPTIMIZER, 0.1)
        return {
            name
            for name, value in network.named_parameters()
            if not torch.equal(before[name], value)
        }

    assert changed("l1", mlp.build((10,), 1, [5])) == {"0.weight", "2.weight"}
    assert changed("group_lasso", mlp.build((10,), 1, [5])) == {"0.weight"}
    assert changed("bn_l1", cnn.build((1, 8, 8), 3, [2, 3])) == {"1.weight", "5.weight"}


def test_the_step_is_the_learning_rate_times_the_strength():
    network = mlp.build((2,), 1, [1])
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -0.01]]))
    proximal_steps("l1", 0.5)(network, NO_OPTIMIZER, 0.1)
    assert network[0].weight.tolist() == [[pytest.approx(0.95), 0]]


# Regularised training, and what is left alone.


def test_group_lasso_shortens_whole_units_and_spares_the_output():
    network = cnn.build((1, 8, 8), 3, [2, 3])
    with torch.no_grad():
        network[0].weight[0] = 0.01
        network[0].weight[1] = 1
        network[4].weight.fill_(0.5)
    output = network[9].weight.detach().clone()
    # Rows of norm 0.03, 3 and √18 · 0.5, each shortened by 0.1.
    proximal_steps("group_lasso", 1.0)(network, NO_OPTIMIZER, 0.1)
    assert (network[0].weight[0] == 0).all()
    assert network[0].weight[1].flatten().tolist() == pytest.approx([1 - 0.1 / 3] * 9)
    factor = 1 - 0.1 / (0.5 * 18**0.5)
    assert network[4].weight.flatten().tolist() == pytest.approx([0.5 * factor] * 54)
    assert torch.equal(network[9].weight, output)


def test_slimming_shrinks_scales_and_leaves_shifts():
    network = cnn.build((1, 8, 8), 3, [3])
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([1.0, -0.03, 0.2]))
        network[1].bias.fill_(0.01)
    proximal_steps("bn_l1", 0.5)(network, NO_OPTIMIZER, 0.1)
    assert network[1].weight.tolist() == pytest.approx([0.95, 0, 0.15])
    assert network[1].weight[1] == 0
    assert network[1].bias.tolist() == pytest.approx([0.01] * 3)


@pytest.mark.parametrize(
    ("kind", "strength", "epochs"), [("l1", 2.0, 2), ("group_lasso", 6.0, 2), ("l1", 1e-9, 2)]
)
def test_regularised_training_reaches_exact_zeros_if_it_is_strong(
    make_tools: Callable, kind: str, strength: float, epochs: int
):
    regulariser = Regulariser(kind=kind, strength=strength, share=0.25)
    method = OpenLoop(criterion="magnitude", regulariser=regulariser)
    tools = make_tools(method)
    record = TrajectoryResult()
    state = regularised(tools, method, tools.pruner.dense.restored(), record, "2")
    assert state.clock == epochs == len(record.history)
    first = state.network[0].weight
    zeros = int((first == 0).sum())
    if strength < 1e-6:
        assert zeros == 0
    else:
        assert 0 < zeros <= first.numel()
    if kind == "group_lasso":
        # Whole rows or nothing.
        assert zeros == 10 * int((first == 0).all(dim=1).sum())
        assert (state.network[-1].weight != 0).all()
    for name, value in state.network.named_parameters():
        if name.endswith("bias"):
            assert (value != 0).all()


def test_a_method_without_a_regulariser_spends_no_epochs_on_one(make_tools: Callable):
    method = OpenLoop(criterion="magnitude")
    tools = make_tools(method)
    record = TrajectoryResult()
    dense = tools.pruner.dense
    assert regularised(tools, method, dense, record, "2") is dense
    assert record.history == []
