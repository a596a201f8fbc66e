"""Regularisers: exact proximal steps."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.networks.zoo import cnn, mlp
from prunestudy.pruning.regularisers import group_threshold, proximal_step, soft_threshold


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
        proximal_step(kind, network, 0.1, 0.5)
        return {
            name
            for name, value in network.named_parameters()
            if not torch.equal(before[name], value)
        }

    assert changed("l1", mlp((10,), 1, [5])) == {"0.weight", "2.weight"}
    assert changed("group_lasso", mlp((10,), 1, [5])) == {"0.weight"}
    assert changed("bn_l1", cnn((1, 8, 8), 3, [2, 3])) == {"1.weight", "5.weight"}


def test_the_step_is_the_learning_rate_times_the_strength():
    network = mlp((2,), 1, [1])
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -0.01]]))
    proximal_step("l1", network, 0.1, 0.5)
    assert network[0].weight.tolist() == [[pytest.approx(0.95), 0]]
