"""Workshops and their states: one step of pruning or retraining on the clock."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from prunestudy.evaluation.cost import count_params
from prunestudy.params import Method
from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.state import Record, State

METHOD = Method(criterion="magnitude", allocation="global")


def tensors(state: State) -> list[torch.Tensor]:
    """Copies of all that a state's network holds."""
    return [value.clone() for value in state.network.state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    """Whether two lists of tensors are equal bit for bit."""
    return len(first) == len(second) and all(map(torch.equal, first, second))


def test_a_restored_state_is_the_state_bit_for_bit_with_its_random_numbers(make_workshop: Callable):
    workshop = make_workshop(METHOD)
    state = workshop.dense
    before = tensors(state)
    drawn = []
    for _ in range(2):
        copy = state.restored()
        drawn.append(torch.rand(3))
        assert same(tensors(copy), before)
        workshop.retrain(copy, 1, Record(), "2", 1)
        assert not same(tensors(copy), before)
        assert same(tensors(state), before)
    assert torch.equal(*drawn)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_pruning_gives_a_smaller_copy_within_the_target(make_workshop: Callable, share: float):
    workshop = make_workshop(METHOD)
    before = tensors(workshop.dense)
    smaller = workshop.prune_units(workshop.dense, "magnitude", workshop.dense_params * share)
    assert smaller.params == count_params(smaller.network) <= workshop.dense_params * share
    assert same(tensors(workshop.dense), before)
    assert smaller.spec.removed
    assert workshop.dense.spec.removed == {}


def test_pruning_does_not_spend_epochs(make_workshop: Callable):
    workshop = make_workshop(METHOD)
    smaller = workshop.prune_units(workshop.dense, "magnitude", workshop.dense_params / 2)
    assert (smaller.clock, smaller.stage) == (0, 0)


def test_scores_look_at_the_batches_and_random_numbers_of_the_clock(make_workshop: Callable):
    workshop = make_workshop(METHOD)
    target = workshop.dense_params / 2
    removed = [
        workshop.prune_units(replace(workshop.dense, clock=clock), "random", target).spec.removed
        for clock in (0, 0, 3)
    ]
    assert removed[0] == removed[1] != removed[2]


def test_floors_hold_over_several_prunings(make_workshop: Callable):
    workshop = make_workshop(METHOD.model_copy(update={"floor": 0.5}))
    assert workshop.floors == {"0": 6, "2": 4}
    least = workshop.units.cost.params(workshop.floors)
    state = workshop.dense
    for target in (workshop.dense_params * 0.8, least):
        state = workshop.prune_units(state, "random", target)
    assert state.params == least
    with pytest.raises(Unreachable):
        workshop.prune_units(state, "random", least - 1)


def test_a_point_is_reachable_down_to_the_floors(make_workshop: Callable):
    workshop = make_workshop(METHOD.model_copy(update={"floor": 0.5}))
    dense, least = workshop.dense_params, workshop.units.cost.params(workshop.floors)
    workshop.check_point(dense / least)
    with pytest.raises(Unreachable, match=f"costs {least}"):
        workshop.check_point(dense / least * 1.01)


# Masks.

MASKING = Method(criterion="magnitude", granularity="unstructured", allocation="global")


@pytest.mark.parametrize("allocation", ["uniform", "global", "erk"])
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_masks_leave_exactly_the_target(make_workshop: Callable, allocation: str, share: float):
    workshop = make_workshop(MASKING.model_copy(update={"allocation": allocation}))
    target = workshop.dense_params * share + 0.5
    masked = workshop.mask_weights(workshop.dense, "magnitude", target)
    assert masked.params == int(target)
    parameters = dict(masked.network.named_parameters())
    assert masked.masks is not None
    assert all((parameters[name][~mask] == 0).all() for name, mask in masked.masks.items())
    assert not any(name.endswith("bias") for name in masked.masks)
    assert count_params(masked.network) == workshop.dense_params


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_revives_no_masked_weight(make_workshop: Callable, optimizer: str):
    workshop = make_workshop(MASKING, optimizer=optimizer)
    state = workshop.dense.restored()
    # Momentum gathered before the mask is what would revive a weight.
    state = workshop.retrain(state, 1, Record(), "2", 0)
    state = workshop.mask_weights(state, "magnitude", workshop.dense_params / 2)
    before = tensors(state)
    state = workshop.retrain(state, 2, Record(), "2", 1)
    parameters = dict(state.network.named_parameters())
    for name, mask in state.masks.items():
        assert (parameters[name][~mask] == 0).all()
    assert not same(tensors(state), before)
    assert state.params == workshop.dense_params // 2


def test_masks_only_grow(make_workshop: Callable):
    workshop = make_workshop(MASKING)
    first = workshop.mask_weights(workshop.dense, "random", workshop.dense_params / 2)
    second = workshop.mask_weights(replace(first, clock=3), "random", workshop.dense_params / 4)
    assert second.params == int(workshop.dense_params / 4)
    assert all(not (second.masks[name] & ~mask).any() for name, mask in first.masks.items())


def test_rewinding_keeps_structure_and_masks_and_takes_the_first_weights(make_workshop: Callable):
    workshop = make_workshop(METHOD)
    initial = workshop.initial
    units = workshop.prune_units(workshop.dense, "magnitude", workshop.dense_params / 2)
    rewound = workshop.rewound(units)
    assert rewound.spec == units.spec
    left = [unit for unit in range(12) if unit not in units.spec.removed["0"]]
    assert torch.equal(rewound.network[0].weight, initial[0].weight[left])
    masked = workshop.mask_weights(workshop.dense, "magnitude", workshop.dense_params / 2)
    rewound = workshop.rewound(masked)
    mask = masked.masks["0.weight"]
    assert torch.equal(rewound.network[0].weight, initial[0].weight * mask)


# The clock.


def test_retraining_moves_the_clock_and_fills_the_history(make_workshop: Callable):
    workshop = make_workshop(METHOD)
    record = Record()
    state = workshop.retrain(workshop.dense.restored(), 2, record, "4", 1)
    state = workshop.retrain(state, 3, record, "4", 2)
    assert (state.clock, state.stage) == (5, 2)
    assert [row["epoch"] for row in record.history] == [1, 2, 3, 4, 5]
    assert [row["stage"] for row in record.history] == [1, 1, 2, 2, 2]
    assert {row["point"] for row in record.history} == {"4"}
    assert record.history[-1]["val"] == workshop.val(state)
