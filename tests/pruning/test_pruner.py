"""Pruners, retrainers and their states: one step of pruning or retraining on the clock."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from prunestudy.evaluation.cost import count_params
from prunestudy.pruning.allocation.unit_budget import InfeasibleTarget
from prunestudy.pruning.open_loop import check_reachable
from prunestudy.pruning.settings import OpenLoop
from prunestudy.pruning.state import State, TrajectoryResult
from prunestudy.settings.parts import load_part
from tests.pruning.allocation.spread import FOLDER, WEIGHT_ALLOCATIONS

METHOD = OpenLoop(criterion="magnitude", allocation="global")
RANKED = load_part(FOLDER, "global").units
MASKED = WEIGHT_ALLOCATIONS["global"]


def tensors(state: State) -> list[torch.Tensor]:
    """Copies of all that a state's network holds."""
    return [value.clone() for value in state.network.state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    """Whether two lists of tensors are equal bit for bit."""
    return len(first) == len(second) and all(map(torch.equal, first, second))


def test_a_restored_state_is_the_state_bit_for_bit_with_its_random_numbers(make_tools: Callable):
    tools = make_tools(METHOD)
    pruner = tools.pruner
    state = pruner.dense
    before = tensors(state)
    drawn = []
    for _ in range(2):
        copy = state.restored()
        drawn.append(torch.rand(3))
        assert same(tensors(copy), before)
        tools.retrainer.retrain(copy, 1, TrajectoryResult(), "2", 1)
        assert not same(tensors(copy), before)
        assert same(tensors(state), before)
    assert torch.equal(*drawn)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_pruning_gives_a_smaller_copy_within_the_target(make_tools: Callable, share: float):
    tools = make_tools(METHOD)
    pruner = tools.pruner
    before = tensors(pruner.dense)
    smaller = pruner.prune_units(pruner.dense, "magnitude", pruner.dense_params * share, RANKED)
    assert smaller.params == count_params(smaller.network) <= pruner.dense_params * share
    assert same(tensors(pruner.dense), before)
    assert smaller.spec.removed
    assert pruner.dense.spec.removed == {}


def test_pruning_does_not_spend_epochs(make_tools: Callable):
    tools = make_tools(METHOD)
    pruner = tools.pruner
    smaller = pruner.prune_units(pruner.dense, "magnitude", pruner.dense_params / 2, RANKED)
    assert (smaller.clock, smaller.stage) == (0, 0)


def test_scores_look_at_the_batches_and_random_numbers_of_the_clock(make_tools: Callable):
    tools = make_tools(METHOD)
    pruner = tools.pruner
    target = pruner.dense_params / 2
    removed = [
        pruner.prune_units(
            replace(pruner.dense, clock=clock), "random", target, RANKED
        ).spec.removed
        for clock in (0, 0, 3)
    ]
    assert removed[0] == removed[1] != removed[2]


def test_floors_hold_over_several_prunings(make_tools: Callable):
    tools = make_tools(METHOD.model_copy(update={"min_width_ratio": 0.5}))
    pruner = tools.pruner
    assert pruner.floors == {"0": 6, "2": 4}
    least = pruner.units.cost.params(pruner.floors)
    state = pruner.dense
    for target in (pruner.dense_params * 0.8, least):
        state = pruner.prune_units(state, "random", target, RANKED)
    assert state.params == least
    with pytest.raises(InfeasibleTarget):
        pruner.prune_units(state, "random", least - 1, RANKED)


def test_a_point_is_reachable_down_to_the_floors(make_tools: Callable):
    method = METHOD.model_copy(update={"min_width_ratio": 0.5})
    tools = make_tools(method)
    pruner = tools.pruner
    dense, least = pruner.dense_params, pruner.units.cost.params(pruner.floors)
    check_reachable(tools, method, dense / least)
    with pytest.raises(InfeasibleTarget, match=f"costs {least}"):
        check_reachable(tools, method, dense / least * 1.01)


# Masks.

MASKING = OpenLoop(criterion="magnitude", granularity="unstructured", allocation="global")


@pytest.mark.parametrize("allocation", ["uniform", "global", "erk"])
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_masks_leave_exactly_the_target(make_tools: Callable, allocation: str, share: float):
    tools = make_tools(MASKING)
    pruner = tools.pruner
    target = pruner.dense_params * share + 0.5
    spread = WEIGHT_ALLOCATIONS[allocation]
    masked = pruner.mask_weights(pruner.dense, "magnitude", target, spread)
    assert masked.params == int(target)
    parameters = dict(masked.network.named_parameters())
    assert masked.masks is not None
    assert all((parameters[name][~mask] == 0).all() for name, mask in masked.masks.items())
    assert not any(name.endswith("bias") for name in masked.masks)
    assert count_params(masked.network) == pruner.dense_params


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_revives_no_masked_weight(make_tools: Callable, optimizer: str):
    tools = make_tools(MASKING, optimizer=optimizer)
    pruner = tools.pruner
    state = pruner.dense.restored()
    # Momentum gathered before the mask is what would revive a weight.
    state = tools.retrainer.retrain(state, 1, TrajectoryResult(), "2", 0)
    state = pruner.mask_weights(state, "magnitude", pruner.dense_params / 2, MASKED)
    before = tensors(state)
    state = tools.retrainer.retrain(state, 2, TrajectoryResult(), "2", 1)
    parameters = dict(state.network.named_parameters())
    for name, mask in state.masks.items():
        assert (parameters[name][~mask] == 0).all()
    assert not same(tensors(state), before)
    assert state.params == pruner.dense_params // 2


def test_masks_only_grow(make_tools: Callable):
    tools = make_tools(MASKING)
    pruner = tools.pruner
    first = pruner.mask_weights(pruner.dense, "random", pruner.dense_params / 2, MASKED)
    second = pruner.mask_weights(replace(first, clock=3), "random", pruner.dense_params / 4, MASKED)
    assert second.params == int(pruner.dense_params / 4)
    assert all(not (second.masks[name] & ~mask).any() for name, mask in first.masks.items())


def test_rewinding_keeps_structure_and_masks_and_takes_the_first_weights(make_tools: Callable):
    tools = make_tools(METHOD.model_copy(update={"retraining": "rewind_weights"}))
    pruner = tools.pruner
    initial = tools.retrainer.initial
    units = pruner.prune_units(pruner.dense, "magnitude", pruner.dense_params / 2, RANKED)
    rewound = tools.retrainer.rewound(units)
    assert rewound.spec == units.spec
    left = [unit for unit in range(12) if unit not in units.spec.removed["0"]]
    assert torch.equal(rewound.network[0].weight, initial[0].weight[left])
    masked = pruner.mask_weights(pruner.dense, "magnitude", pruner.dense_params / 2, MASKED)
    rewound = tools.retrainer.rewound(masked)
    mask = masked.masks["0.weight"]
    assert torch.equal(rewound.network[0].weight, initial[0].weight * mask)


# The clock.


def test_retraining_moves_the_clock_and_fills_the_history(make_tools: Callable):
    tools = make_tools(METHOD)
    pruner = tools.pruner
    record = TrajectoryResult()
    state = tools.retrainer.retrain(pruner.dense.restored(), 2, record, "4", 1)
    state = tools.retrainer.retrain(state, 3, record, "4", 2)
    assert (state.clock, state.stage) == (5, 2)
    assert [row["epoch"] for row in record.history] == [1, 2, 3, 4, 5]
    assert [row["stage"] for row in record.history] == [1, 1, 2, 2, 2]
    assert {row["point"] for row in record.history} == {"4"}
    assert record.history[-1]["val"] == tools.evaluator.val(state)
