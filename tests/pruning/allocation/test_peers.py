"""Allocation over single weights, against its peers: torch's own choice and known densities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from prunestudy.pruning.allocation.weight_budget import highest, weight_floors
from tests.pruning.allocation.spread import (
    WEIGHT_ALLOCATIONS,
    counts,
    kept_global,
    kept_uniform,
)

SHAPES = st.lists(
    st.tuples(st.integers(1, 8), st.integers(1, 8))
    | st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(3), st.just(3)),
    min_size=1,
    max_size=4,
)


class Layers(nn.Module):
    """Weights of given shapes, nothing else; no two weights have the same magnitude."""

    def __init__(self, shapes: list[tuple[int, ...]], seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        sizes = [int(np.prod(shape)) for shape in shapes]
        signs = torch.randint(0, 2, (sum(sizes),), generator=generator) * 2 - 1
        values = (torch.randperm(sum(sizes), generator=generator) + 1) * signs
        for number, part in enumerate(values.float().split(sizes)):
            layer = nn.Module()
            layer.weight = nn.Parameter(part.reshape(shapes[number]))
            self.add_module(str(number), layer)

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """Magnitudes by layer."""
        return {name: layer.weight.detach().abs().numpy() for name, layer in self.named_children()}

    def masks(self) -> dict[str, np.ndarray]:
        """What torch's pruning left."""
        return {name: layer.weight_mask.numpy() > 0 for name, layer in self.named_children()}


@st.composite
def layers(draw: st.DrawFn) -> tuple[Layers, int]:
    """Some weights, and a number of them to keep, at least one for each layer."""
    shapes = draw(SHAPES)
    total = sum(int(np.prod(shape)) for shape in shapes)
    kept = draw(st.integers(len(shapes), total))
    return Layers(shapes, draw(st.integers(0, 1_000))), kept


def sizes(masks: dict[str, np.ndarray]) -> dict[str, int]:
    """Weights that are left, by layer."""
    return {name: int(mask.sum()) for name, mask in masks.items()}


def equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    """Whether the same weights are left."""
    return all(np.array_equal(first[name], second[name]) for name in first)


# The same choice as torch.


@given(layers())
def test_a_global_ranking_is_that_of_torch_where_no_floor_binds(case: tuple[Layers, int]):
    network, kept = case
    scores = network.scores
    parts = [(layer, "weight") for layer in network.children()]
    gone = sum(score.size for score in scores.values()) - kept
    prune.global_unstructured(parts, prune.L1Unstructured, amount=gone)
    by_torch = network.masks()
    without_floors = kept_global(scores, dict.fromkeys(scores, 0), kept)
    assert equal(without_floors, by_torch)
    with_floors = kept_global(scores, dict.fromkeys(scores, 1), kept)
    if min(sizes(by_torch).values()) >= 1:
        assert equal(with_floors, by_torch)
    assert sum(sizes(with_floors).values()) == kept
    assert min(sizes(with_floors).values()) >= 1


@given(layers())
def test_the_same_share_of_each_layer_is_that_of_torch(case: tuple[Layers, int]):
    network, kept = case
    scores = network.scores
    floors = dict.fromkeys(scores, 1)
    found = counts("uniform", scores, floors, kept)
    for name, layer in network.named_children():
        prune.l1_unstructured(layer, "weight", amount=scores[name].size - found[name])
    assert equal(kept_uniform(scores, floors, kept), network.masks())


def test_ties_go_by_index_and_never_by_a_threshold():
    scores = {"a": np.ones((2, 3)), "b": np.ones((1, 2))}
    floors = {"a": 1, "b": 1}
    # In each layer the first ones go; one ranking goes through the layers in their order.
    found = kept_uniform(scores, floors, 4)
    assert found["a"].tolist() == [[False, False, False], [True, True, True]]
    assert found["b"].tolist() == [[False, True]]
    found = kept_global(scores, floors, 4)
    assert found["a"].tolist() == [[False, False, False], [False, True, True]]
    assert found["b"].tolist() == [[True, True]]
    found = kept_global(scores, floors, 2)
    assert sizes(found) == {"a": 1, "b": 1}


# Counts.


@st.composite
def cases(draw: st.DrawFn):
    """Scores with many ties, floors, and a reachable number of weights to keep."""
    values = st.sampled_from([0.0, 0.25, 1.0])
    scores = {}
    for number, shape in enumerate(draw(SHAPES)):
        size = int(np.prod(shape))
        entries = draw(st.lists(values, min_size=size, max_size=size))
        scores[str(number)] = np.array(entries).reshape(shape)
    floors = weight_floors(scores, draw(st.sampled_from([0.0, 0.05, 0.3, 0.7])))
    total = sum(score.size for score in scores.values())
    return scores, floors, draw(st.integers(sum(floors.values()), total))


@given(st.sampled_from(["uniform", "erk"]), cases())
def test_counts_sum_exactly_within_floors_and_caps(name: str, case):
    scores, floors, kept = case
    found = counts(name, scores, floors, kept)
    assert sum(found.values()) == kept
    assert all(floors[layer] <= found[layer] <= scores[layer].size for layer in scores)


@given(cases())
def test_uniform_densities_are_equal_where_no_floor_binds(case):
    scores, _floors, kept = case
    total = sum(score.size for score in scores.values())
    exact = {name: kept * score.size / total for name, score in scores.items()}
    found = counts("uniform", scores, dict.fromkeys(scores, 0), kept)
    assert all(abs(found[name] - exact[name]) < 1 + 1e-6 for name in scores)


@given(cases())
def test_erk_densities_are_sums_over_products_of_dimensions_where_nothing_binds(case):
    scores, _floors, kept = case
    sums = {name: sum(score.shape) for name, score in scores.items()}
    exact = {name: kept * sums[name] / sum(sums.values()) for name in scores}
    found = counts("erk", scores, dict.fromkeys(scores, 0), kept)
    if all(exact[name] <= score.size for name, score in scores.items()):
        assert all(abs(found[name] - exact[name]) < 1 + 1e-6 for name in scores)
    else:
        full = [name for name, score in scores.items() if found[name] == score.size]
        assert full


LENET = {
    name: np.zeros(shape)
    for name, shape in {"a": (300, 784), "b": (100, 300), "c": (10, 100)}.items()
}


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        # In proportion to 1,084, 400 and 110.
        (5_000, {"a": 3_400, "b": 1_255, "c": 345}),
        # A tenth of LeNet-300-100: the last layer's share of 1,837 is more than it has.
        (26_620, {"a": 18_714, "b": 6_906, "c": 1_000}),
        (266_200, {"a": 235_200, "b": 30_000, "c": 1_000}),
    ],
)
def test_erk_counts_of_lenet_300_100(kept: int, expected: dict[str, int]):
    assert counts("erk", LENET, dict.fromkeys(LENET, 1), kept) == expected


def test_a_floor_of_one_layer_is_paid_by_the_others():
    scores = {"a": np.zeros((10, 10)), "b": np.zeros((10, 10)), "c": np.zeros((2, 10))}
    floors = {"a": 1, "b": 50, "c": 1}
    assert counts("uniform", scores, floors, 62) == {"a": 10, "b": 50, "c": 2}
    assert counts("uniform", scores, floors, 110) == {"a": 50, "b": 50, "c": 10}


@settings(max_examples=25)
@given(st.sampled_from(sorted(WEIGHT_ALLOCATIONS)), cases(), st.data())
def test_masked_weights_stay_masked(name: str, case, data: st.DataObject):
    scores, floors, kept = case
    first = WEIGHT_ALLOCATIONS[name](scores, floors, kept)
    again = {layer: np.where(first[layer], 1 - score, -np.inf) for layer, score in scores.items()}
    fewer = data.draw(st.integers(sum(floors.values()), kept))
    second = WEIGHT_ALLOCATIONS[name](again, floors, fewer)
    assert sum(sizes(second).values()) == fewer
    assert all((second[layer] <= first[layer]).all() for layer in scores)


def test_rounding_revives_no_masked_weight():
    # By largest remainders alone, 9 weights are 1 + 4 + 4 but 8 would be 2 + 3 + 3.
    scores = {"a": np.ones((1, 2)), "b": np.ones((5, 1)), "c": np.ones((5, 1))}
    floors = dict.fromkeys(scores, 1)
    first = kept_uniform(scores, floors, 9)
    assert sizes(first) == {"a": 1, "b": 4, "c": 4}
    masked = {name: np.where(first[name], score, -np.inf) for name, score in scores.items()}
    second = kept_uniform(masked, floors, 8)
    assert sum(sizes(second).values()) == 8
    assert all((second[name] <= first[name]).all() for name in scores)


def test_the_highest_of_each_matrix():
    scores = {"a": np.array([[3.0, 1.0], [2.0, 3.0]])}
    assert highest(scores, {"a": 2})["a"].tolist() == [[True, False], [False, True]]
    assert highest(scores, {"a": 1})["a"].tolist() == [[False, False], [False, True]]
    assert highest(scores, {"a": 4})["a"].all()
