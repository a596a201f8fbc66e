"""Quality: the figures of scikit-learn, over all rows, in evaluation mode."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from torch.nn import functional

from prunestudy.data.tensors import Split
from prunestudy.networks.architectures import cnn, mlp
from prunestudy.training import objective as quality
from prunestudy.training.metrics.accuracy import metric as accuracy
from prunestudy.training.metrics.r2 import metric as r2
from prunestudy.training.objective import Objective


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=30).filter(
        lambda rows: max(t for _o, t in rows) - min(t for _o, t in rows) > 1e-3
    )
)
def test_r2_is_that_of_scikit_learn(rows: list[tuple[float, float]]):
    outputs, targets = torch.tensor(rows, dtype=torch.float64).T
    expected = r2_score(targets.numpy(), outputs.numpy())
    assert r2(outputs[:, None], targets[:, None]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(*[st.floats(-5, 5)] * 3, st.integers(0, 2)), min_size=1, max_size=30))
def test_accuracy_is_that_of_scikit_learn(rows: list[tuple[float, float, float, int]]):
    outputs = torch.tensor([row[:3] for row in rows], dtype=torch.float64)
    targets = torch.tensor([row[3] for row in rows])
    expected = accuracy_score(targets.numpy(), outputs.numpy().argmax(1))
    assert accuracy(outputs, targets) == pytest.approx(expected)


def test_perfect_and_constant_predictions():
    targets = torch.tensor([[1.0], [2.0], [6.0]])
    assert r2(targets, targets) == 1
    assert r2(torch.full((3, 1), 3.0), targets) == pytest.approx(0)


def test_validation_equals_scikit_learn_on_real_data(make_trainer: Callable):
    torch.manual_seed(0)
    trainer = make_trainer("diabetes", lr=0.01)
    network = mlp.build((10,), 1, [5])
    trainer.train(network, 0, 4)
    rows = trainer.data.validation
    with torch.no_grad():
        outputs = network(rows.inputs).numpy()
    loss, quality_found = trainer.validate(network)
    assert loss == pytest.approx(mean_squared_error(rows.targets.numpy(), outputs), rel=1e-5)
    assert quality_found == pytest.approx(r2_score(rows.targets.numpy(), outputs), rel=1e-6)


def test_classification_equals_scikit_learn_on_real_data(make_trainer: Callable):
    torch.manual_seed(0)
    trainer = make_trainer("wdbc", lr=0.01)
    network = mlp.build((30,), 2, [5])
    trainer.train(network, 0, 2)
    rows = trainer.data.validation
    with torch.no_grad():
        chances = network(rows.inputs).double().softmax(1).numpy()
    loss, quality_found = trainer.validate(network)
    assert loss == pytest.approx(log_loss(rows.targets.numpy(), chances), rel=1e-5)
    assert quality_found == accuracy_score(rows.targets.numpy(), chances.argmax(1))
    assert 0.5 < quality_found <= 1


def test_batch_norm_is_evaluated_with_its_statistics():
    torch.manual_seed(0)
    network = cnn.build((1, 8, 8), 3, [4])
    network(torch.randn(16, 1, 8, 8))
    rows = Split(torch.randn(20, 1, 8, 8) * 3 + 1, torch.arange(20) % 3)
    network.eval()
    with torch.no_grad():
        expected = accuracy(network(rows.inputs), rows.targets)
    statistics = network[1].running_mean.clone()
    network.train()
    assert Objective("cross_entropy", "accuracy").evaluate(network, rows)[1] == expected
    assert network.training
    assert torch.equal(network[1].running_mean, statistics)


def test_rows_are_evaluated_in_batches_without_a_difference(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    network = mlp.build((4,), 1, [3])
    rows = Split(torch.randn(25, 4), torch.randn(25, 1))
    whole = Objective("mse", "r2").evaluate(network, rows)
    monkeypatch.setattr(quality, "EVALUATION_BATCH", 7)
    sizes: list[int] = []
    network.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    assert Objective("mse", "r2").evaluate(network, rows) == pytest.approx(whole, rel=1e-6)
    assert sizes == [7, 7, 7, 4]


def test_the_loss_is_differentiable_and_the_mean_over_a_batch():
    outputs = torch.tensor([[1.0], [3.0]], requires_grad=True)
    loss = Objective("mse", "r2").loss_of(outputs, torch.tensor([[0.0], [1.0]]))
    loss.backward()
    assert loss.item() == pytest.approx((1 + 4) / 2)
    assert outputs.grad is not None
    assert outputs.grad.ravel().tolist() == [1, 2]


def test_the_lower_bound_of_a_network_against_itself_is_its_quality():
    outputs, targets = torch.randn(50, 3), torch.randint(3, (50,))
    objective = Objective("cross_entropy", "accuracy")
    assert objective.lower_bound(outputs, outputs, targets, 0.95) == accuracy(outputs, targets)


def test_the_lower_bound_holds_with_the_stated_probability():
    # A network errs on rows at random, one in ten; the dense network never does.
    objective = Objective("cross_entropy", "accuracy")
    generator = torch.Generator().manual_seed(1)
    targets = torch.randint(2, (400,), generator=generator)
    dense = functional.one_hot(targets, 2).float()
    below = 0
    for _ in range(200):
        wrong = torch.rand(400, generator=generator) < 0.1
        outputs = torch.where(wrong[:, None], 1 - dense, dense)
        below += objective.lower_bound(outputs, dense, targets, 0.9) <= 0.9
    assert 0.84 <= below / 200 <= 0.96


def test_a_higher_level_gives_a_lower_bound():
    targets = torch.randn(80, 1)
    dense, outputs = targets + 0.1 * torch.randn(80, 1), targets + 0.5 * torch.randn(80, 1)
    objective = Objective("mse", "r2")
    bounds = [objective.lower_bound(outputs, dense, targets, level) for level in (0.5, 0.8, 0.99)]
    assert bounds == sorted(bounds, reverse=True)
    assert len(set(bounds)) == 3
