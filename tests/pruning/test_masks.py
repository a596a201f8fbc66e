"""Masks: single weights held at exactly zero."""

import pytest
import torch
from torch import nn

from prunestudy.networks.architectures import cnn, mlp
from prunestudy.pruning.masks import apply_masks, clear_state, mask_hook, maskable, masked_count
from prunestudy.training.loop import make_optimizer
from prunestudy.training.settings import Training
from tests.keeping import full_masks


def test_weights_may_be_masked_but_no_biases_and_no_batch_norm():
    assert maskable(mlp.build((10,), 1, [5])) == ["0.weight", "2.weight"]
    assert maskable(cnn.build((1, 8, 8), 3, [2, 3])) == ["0.weight", "4.weight", "9.weight"]


def test_masks_are_counted_not_zeros():
    network = mlp.build((10,), 1, [5])
    masks = full_masks(network)
    with torch.no_grad():
        network[0].weight.zero_()
    assert masked_count(masks) == masked_count(None) == 0
    masks["0.weight"][0, :3] = False
    assert masked_count(masks) == 3


def step(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One step on some fixed rows."""
    optimizer.zero_grad()
    network(torch.ones(4, 10)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_memory_of_an_optimiser_revives_masked_weights_unless_it_is_cleared(optimizer: str):
    revived = {}
    for cleared in (True, False):
        torch.manual_seed(0)
        network = mlp.build((10,), 1, [5])
        own = make_optimizer(network, Training(optimizer=optimizer, lr=0.01, epochs=1))
        masks = full_masks(network)
        for _ in range(3):
            step(network, own)
        masks["0.weight"][:, ::2] = False
        apply_masks(network, masks)
        if cleared:
            clear_state(network, own, masks)
        # Masking the gradients alone, as others did, leaves the momentum at work.
        mask = masks["0.weight"]
        network[0].weight.register_hook(lambda gradient, mask=mask: gradient * mask)
        step(network, own)
        revived[cleared] = int((network[0].weight[~mask] != 0).sum())
        assert (network[0].weight[mask] != 0).any()
    assert revived[True] == 0
    assert revived[False] > 0


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_after_each_step_neither_weight_nor_memory_is_left_of_what_is_masked(optimizer: str):
    network = mlp.build((10,), 1, [5])
    own = make_optimizer(network, Training(optimizer=optimizer, lr=0.01, epochs=1))
    masks = full_masks(network)
    masks["0.weight"][:, ::2] = False
    hook = mask_hook(masks)
    assert hook is not None
    step(network, own)
    hook(network, own, 0.01)
    gone = ~masks["0.weight"]
    memory = [
        value
        for value in own.state[network[0].weight].values()
        if isinstance(value, torch.Tensor) and value.shape == gone.shape
    ]
    assert memory
    for tensor in (network[0].weight, *memory):
        assert not tensor[gone].any()
        assert tensor[~gone].any()
    assert mask_hook(None) is None
