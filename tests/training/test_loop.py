"""The training loop: the clock decides learning rate and batches, whatever happens in between."""

import copy
import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
import pytorch_lightning as lightning
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning.accelerators import CUDAAccelerator
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from prunestudy.data.tensors import Batches
from prunestudy.networks.architectures import mlp
from prunestudy.networks.spec import NetworkSpec
from prunestudy.pruning.surgery import remove_units
from prunestudy.training import loop
from prunestudy.training.loop import lr_factor, make_optimizer
from prunestudy.training.settings import Training

SCHEDULES = ("constant", "cosine", "one_cycle")


def article_network(seed: int = 0) -> nn.Module:
    """The fully connected 10-5-1 network."""
    torch.manual_seed(seed)
    return mlp.build((10,), 1, [5])


@contextmanager
def watched(network: nn.Module) -> Iterator[tuple[list[torch.Tensor], list[float]]]:
    """Record the inputs of every training batch and the learning rate of every step."""
    inputs: list[torch.Tensor] = []
    rates: list[float] = []

    def keep(module: nn.Module, arguments: tuple[torch.Tensor]) -> None:
        if module.training:
            inputs.append(arguments[0].clone())

    handles = [
        network.register_forward_pre_hook(keep),
        register_optimizer_step_pre_hook(
            lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
        ),
    ]
    try:
        yield inputs, rates
    finally:
        for handle in handles:
            handle.remove()


def weights(network: nn.Module) -> list[torch.Tensor]:
    """Copies of every parameter and buffer."""
    return [value.clone() for value in network.state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    """Whether two lists of tensors are equal bit for bit."""
    return len(first) == len(second) and all(map(torch.equal, first, second))


def test_nothing_of_a_training_waits_for_the_garbage_collector(
    make_trainer: Callable, monkeypatch: pytest.MonkeyPatch
):
    made = []

    def noted(*arguments: object) -> object:
        made.append(weakref.ref(optimizer := make_optimizer(*arguments)))
        return optimizer

    monkeypatch.setattr(loop, "make_optimizer", noted)
    trainer, network = make_trainer("diabetes"), article_network()
    there = weakref.ref(network)
    gc.disable()
    try:
        trainer.recover(network, 0, 2)
        trainer.train(network, 0, 1)
        assert [one() for one in made] == [None, None]
        # Nor do gradients, which are as large as the network.
        assert all(parameter.grad is None for parameter in network.parameters())
        del network
        assert there() is None
    finally:
        gc.enable()


def test_a_gpu_keeps_its_memory_between_trainings(monkeypatch: pytest.MonkeyPatch):
    def given_back() -> None:
        raise AssertionError

    monkeypatch.setattr("pytorch_lightning.accelerators.cuda._clear_cuda_memory", given_back)
    with pytest.raises(AssertionError):
        CUDAAccelerator().setup(trainer := Mock(local_rank=0))
    # As the trainer meets it: available, and asked for its first device.
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    made = lightning.Trainer(accelerator=loop.ACCELERATORS["cuda"], devices=1, logger=False)
    assert made.strategy.root_device == torch.device("cuda", 0)
    made.accelerator.setup(trainer)


# The learning rate.


@pytest.mark.parametrize(
    ("schedule", "progress", "factor"),
    [
        ("constant", 0, 1),
        ("constant", 1, 1),
        ("cosine", 0, 1),
        ("cosine", 1 / 3, 0.75),
        ("cosine", 0.5, 0.5),
        ("cosine", 2 / 3, 0.25),
        ("cosine", 1, 0),
        ("one_cycle", 0, 0.1),
        ("one_cycle", 0.1, 0.55),
        ("one_cycle", 0.2, 1),
        ("one_cycle", 0.6, 0.5),
        ("one_cycle", 1, 0),
    ],
)
def test_the_learning_rate_as_a_share_of_its_peak(schedule: str, progress: float, factor: float):
    assert lr_factor(schedule, progress) == pytest.approx(factor, abs=1e-12)


@given(st.sampled_from(SCHEDULES), st.floats(-1, 2))
def test_the_learning_rate_never_leaves_its_range(schedule: str, progress: float):
    assert 0 <= lr_factor(schedule, progress) <= 1


# The clock.


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("cuts", [(0, 4), (0, 2, 4), (0, 1, 2, 3, 4)])
def test_batches_and_learning_rates_follow_the_clock_however_it_is_cut(
    make_trainer: Callable, schedule: str, cuts: tuple[int, ...]
):
    trainer = make_trainer("diabetes", lr=0.01, lr_schedule=schedule)
    network = article_network()
    curve = []
    with watched(network) as (inputs, rates):
        for start, end in itertools.pairwise(cuts):
            curve += trainer.train(network, start, end)
    batches = Batches(trainer.data.train, 64, 0)
    expected = []
    for epoch in range(4):
        batches.epoch = epoch
        expected += [rows for rows, _targets in batches]
    assert same(inputs, expected)
    steps = 4 * trainer.batches_per_epoch
    assert steps == len(expected)
    assert rates == pytest.approx(
        [0.01 * lr_factor(schedule, step / steps) for step in range(steps)]
    )
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4]


def test_another_seed_sees_other_batches(make_trainer: Callable):
    network = article_network()
    seen = []
    for seed in (0, 1):
        with watched(network) as (inputs, _rates):
            make_trainer("diabetes", seed=seed).train(network, 0, 1)
        seen.append(inputs)
    assert not same(*seen)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_two_trainings_give_bit_identical_weights(make_trainer: Callable, optimizer: str):
    trained = []
    for noise in (1, 2):
        network = article_network()
        torch.manual_seed(noise)
        make_trainer("diabetes", optimizer=optimizer, lr=0.01).train(network, 0, 3)
        trained.append(weights(network))
    assert same(*trained)
    assert not same(trained[0], weights(article_network()))


def test_training_learns(make_trainer: Callable):
    trainer = make_trainer("diabetes", lr=0.01, epochs=15)
    network = article_network()
    before = trainer.validate(network)[1]
    curve = trainer.train(network, 0, 15)
    assert trainer.validate(network)[1] > max(before, 0.3)
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]


def test_the_curve_ends_with_the_quality_of_the_network(make_trainer: Callable):
    trainer = make_trainer("digits", epochs=2)
    network = NetworkSpec("cnn", {"channels": [4]}, (1, 8, 8), 10).build()
    curve = trainer.train(network, 0, 2)
    assert (curve[-1]["val_loss"], curve[-1]["val"]) == trainer.validate(network)
    assert set(curve[0]) == {"epoch", "lr", "train_loss", "val_loss", "val"}


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 3)])
def test_no_epochs_change_nothing(make_trainer: Callable, start: int, end: int):
    network = article_network()
    assert make_trainer("diabetes").train(network, start, end) == []
    assert same(weights(network), weights(article_network()))


def test_recovery_takes_a_few_batches_of_its_epoch(make_trainer: Callable):
    trainer = make_trainer("diabetes")
    network = article_network()
    with watched(network) as (inputs, _rates):
        trainer.recover(network, 2, 3)
    batches = Batches(trainer.data.train, 64, 0)
    batches.epoch = 2
    assert same(inputs, [rows for rows, _targets in batches][:3])


def test_recovery_can_go_on_into_the_next_epoch(make_trainer: Callable):
    trainer = make_trainer("diabetes", batch_size=128)
    network = article_network()
    with watched(network) as (inputs, _rates):
        trainer.recover(network, 0, trainer.batches_per_epoch + 1)
    assert len(inputs) == trainer.batches_per_epoch + 1


def test_validation_leaves_mode_and_weights(make_trainer: Callable):
    network = NetworkSpec("cnn", {"channels": [4]}, (1, 8, 8), 10).build()
    trainer = make_trainer("digits")
    for training in (True, False):
        network.train(training)
        before = weights(network)
        trainer.validate(network)
        assert network.training == training
        assert same(weights(network), before)


def test_what_follows_a_step_sees_network_optimiser_and_learning_rate(make_trainer: Callable):
    trainer = make_trainer("diabetes", lr=0.01, lr_schedule="cosine")
    network = article_network()
    seen = []

    def after_step(trained: nn.Module, optimizer: torch.optim.Optimizer, lr: float) -> None:
        seen.append((trained is network, type(optimizer), lr))
        with torch.no_grad():
            trained[0].weight[2] = 0

    trainer.train(network, 0, 2, after_step)
    steps = 2 * trainer.batches_per_epoch
    rates = [0.01 * lr_factor("cosine", step / (2 * steps)) for step in range(steps)]
    assert seen == [(True, torch.optim.Adam, pytest.approx(rate)) for rate in rates]
    assert (network[0].weight[2] == 0).all()


# The optimiser.


def test_the_optimisers():
    network = article_network()
    adam = make_optimizer(network, Training(lr=0.02, weight_decay=0.1, epochs=1))
    sgd = make_optimizer(network, Training(optimizer="sgd", lr=0.02, weight_decay=0.1, epochs=1))
    assert isinstance(adam, torch.optim.Adam)
    assert isinstance(sgd, torch.optim.SGD)
    assert sgd.defaults["momentum"] == 0.9
    for optimizer in (adam, sgd):
        assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.02, 0.1)


@pytest.mark.parametrize(
    ("name", "spec", "removal"),
    [
        ("diabetes", NetworkSpec("mlp", {"hidden": [8, 6]}, (10,), 1), {"0": [0, 5], "2": [2]}),
        ("digits", NetworkSpec("cnn", {"channels": [6, 5]}, (1, 8, 8), 10), {"0": [1], "4": [0]}),
    ],
)
def test_every_parameter_trains_after_surgery(
    make_trainer: Callable, name: str, spec: NetworkSpec, removal: dict[str, list[int]]
):
    torch.manual_seed(1)
    network = spec.build()
    trainer = make_trainer(name, lr=0.01)
    trainer.train(network, 0, 1)
    remove_units(network, spec, removal)
    before = copy.deepcopy(dict(network.named_parameters()))
    trainer.recover(network, 1, 1)
    after = dict(network.named_parameters())
    still = [name for name in after if torch.equal(before[name], after[name])]
    assert still == []
    assert list(after) == list(before)
