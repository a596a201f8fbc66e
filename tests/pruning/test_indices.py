"""Networks that read words or categories, through everything that pruning does to a network."""

from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import nn

from prunestudy.data.tensors import Batches, Split
from prunestudy.evaluation.cost import count_macs, count_macs_nonzero, count_nonzero, count_params
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.storage import read_network, write_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.criteria.scoring import score_units, score_weights
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.masks import apply_masks, maskable
from prunestudy.pruning.regularisers.proximal import proximal_steps
from prunestudy.pruning.saliency_inputs import SaliencyInputs
from prunestudy.pruning.surgery import remove_units
from prunestudy.training.objective import Objective
from tests.pruning.test_masked_networks import of_integers
from tests.specs import EMBEDDING_BAG, MIXED_MLP, OF_INDICES, TEXTCNN

SPECS = pytest.mark.parametrize("spec", OF_INDICES.values(), ids=OF_INDICES)


def graph_of(spec: NetworkSpec) -> tuple[nn.Module, UnitGraph]:
    """A network and its units."""
    torch.manual_seed(0)
    network = spec.build()
    return network, UnitGraph(network, spec.example())


def test_units_are_channels_hidden_units_and_the_numbers_of_embeddings():
    assert graph_of(TEXTCNN)[1].widths == {
        "embedding": 8,
        **{f"convolutions.{place}": 6 for place in range(3)},
    }
    assert graph_of(EMBEDDING_BAG)[1].widths == {"embedding": 8, "layers.0": 7, "layers.2": 5}
    assert graph_of(MIXED_MLP)[1].widths == {
        **{f"embeddings.{place}": size for place, size in enumerate((2, 6, 3))},
        "numbers": 9,
        "layers.0": 6,
    }


def test_a_number_of_an_embedding_goes_from_every_word_and_from_what_reads_it():
    network, units = graph_of(TEXTCNN)
    places = {
        (part.layer, part.parameter, part.dim, part.incoming)
        for part in units.groups["embedding"].slices
    }
    assert places == {
        ("embedding", "weight", 1, True),
        *((f"convolutions.{place}", "weight", 1, False) for place in range(3)),
    }
    tensors = dict(network.named_parameters())
    group = units.groups["embedding"]
    assert torch.equal(group.weights(tensors, incoming_only=True), network.embedding.weight.T)
    assert group.weights(tensors).shape == (8, 30 + 6 * (2 + 3 + 5))


def test_groups_that_a_layer_reads_side_by_side_have_their_own_parts_of_it():
    for spec, reader, sizes in (
        (TEXTCNN, "linear", [6, 6, 6]),
        (MIXED_MLP, "categories", [2, 6, 3]),
    ):
        parts = [
            [index for rows in part.rows for index in rows]
            for group in graph_of(spec)[1].groups.values()
            for part in group.slices
            if part.layer == reader and not part.incoming
        ]
        assert [len(part) for part in parts] == sizes
        assert list(chain(*parts)) == list(range(sum(sizes)))


def emptied(network: nn.Module, units: UnitGraph, removal: dict[str, list[int]]) -> nn.Module:
    """A copy in which every number that computes these units is zero."""
    copied = copy_network(network)
    parameters = dict(copied.named_parameters())
    with torch.no_grad():
        for layer, gone in removal.items():
            for part in units.groups[layer].slices:
                if part.incoming:
                    rows = [index for unit in gone for index in part.rows[unit]]
                    parameters[f"{part.layer}.{part.parameter}"].movedim(part.dim, 0)[rows] = 0
    return copied


@SPECS
def test_removed_units_are_masked_units_to_the_last_bit(spec: NetworkSpec, tmp_path: Path):
    network = of_integers(spec)
    units = UnitGraph(network, spec.example())
    removal = {name: list(range(0, size, 2)) for name, size in units.widths.items()}
    removal = {name: gone[: units.widths[name] - 1] for name, gone in removal.items()}
    masked, shrunk = emptied(network, units, removal), copy_network(network)
    smaller = remove_units(shrunk, spec, removal)
    inputs = spec.sample(9)
    if spec.vocabulary is None:
        inputs = inputs.round().double()
    else:
        # Means of as many words as a power of two are exact.
        inputs[:, 8:] = 0
        inputs[:, :8].clamp_(min=1)
    with torch.no_grad():
        dense, expected, found = (one.double()(inputs) for one in (network, masked, shrunk))
    assert (found - expected).abs().max() == 0
    assert not torch.equal(dense, expected)
    left = {name: size - len(removal[name]) for name, size in units.widths.items()}
    again = UnitGraph(shrunk.float(), spec.example())
    assert again.widths == left
    assert count_params(shrunk) == units.cost.params(left) == again.cost.params(left)
    assert count_macs(shrunk, spec.example()) == units.cost.macs(left)
    # On disk, and back.
    write_network(tmp_path / "n", shrunk, smaller, "key")
    rebuilt, found_spec = read_network(tmp_path / "n")
    assert found_spec == smaller
    write_network(tmp_path / "again", rebuilt, found_spec, "key")
    assert (tmp_path / "n").read_bytes() == (tmp_path / "again").read_bytes()
    # What is left can be pruned on.
    last = {name: [0] for name, size in left.items() if size > 1}
    remove_units(rebuilt, found_spec, last)
    assert rebuilt(spec.sample(3)).shape == (3, 3)


def inputs_of(spec: NetworkSpec) -> SaliencyInputs:
    """What criteria look at of a network on random rows."""
    network, units = graph_of(spec)
    rows = Split(spec.sample(48), torch.arange(48) % 3)
    objective = Objective("cross_entropy", "accuracy")
    return SaliencyInputs(network, units.groups, Batches(rows, 16, 0), objective)


@SPECS
def test_every_criterion_scores_units_and_weights(spec: NetworkSpec):
    inputs = inputs_of(spec)
    for name, info in CRITERIA.items():
        if info.needs == "batch_norm":
            continue
        if "units" in info.scores:
            scores = score_units(name, inputs)
            assert {layer: len(score) for layer, score in scores.items()} == {
                layer: group.size for layer, group in inputs.groups.items()
            }
        if "weights" in info.scores:
            weights = score_weights(name, inputs, maskable(inputs.network))
            assert any(name.startswith("embedding") for name in weights)


@SPECS
def test_the_fisher_information_is_that_of_single_rows(spec: NetworkSpec):
    inputs = inputs_of(spec)
    network, parameters = inputs.network, dict(inputs.network.named_parameters())
    rows, targets = (torch.cat(parts)[:128] for parts in zip(*inputs._batches, strict=True))
    squares = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for row, target in zip(rows, targets, strict=True):
        loss = inputs.objective.loss_of(network(row[None]), target[None])
        for name, one in zip(
            parameters, torch.autograd.grad(loss, [*parameters.values()]), strict=True
        ):
            squares[name] += one.square()
    for name, value in squares.items():
        assert torch.allclose(inputs.fisher[name], value / len(rows), atol=1e-7)


@SPECS
def test_masks_take_part_in_embeddings_and_save_no_lookups(spec: NetworkSpec):
    network, _units = graph_of(spec)
    masks = {
        name: torch.ones_like(value, dtype=torch.bool)
        for name, value in network.named_parameters()
        if name in maskable(network)
    }
    embeddings = [name for name in masks if name.startswith("embedding")]
    assert len(embeddings) == len(spec.categories or (0,))
    for name in embeddings:
        masks[name][::2] = False
    apply_masks(network, masks)
    gone = sum(int((~masks[name]).sum()) for name in embeddings)
    assert count_nonzero(network, masks) == count_params(network) - gone
    macs = count_macs(network, spec.example())
    assert count_macs_nonzero(network, spec.example(), masks) == macs


def test_group_lasso_empties_numbers_of_an_embedding_and_no_words():
    network, _units = graph_of(EMBEDDING_BAG)
    with torch.no_grad():
        network.embedding.weight[:, 3] = 1e-3
    proximal_steps("group_lasso", 1.0)(network, None, 0.1)  # type: ignore[arg-type]
    empty = [unit for unit in range(8) if not network.embedding.weight[:, unit].any()]
    assert empty == [3]
