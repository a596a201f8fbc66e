"""Weight sharing: few values a layer, and masked weights stay zero."""

import copy
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from prunestudy.networks.architectures import mlp
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_masked_network, write_network
from prunestudy.pruning.masks import Masks, apply_masks
from prunestudy.pruning.weight_sharing import apply_sharing, share_weights, sharing, tuned
from tests.keeping import full_masks
from tests.second_device import THERE, second_device


@pytest.mark.parametrize("clusters", [2, 16])
def test_a_layer_has_so_many_values_at_most(clusters: int):
    torch.manual_seed(0)
    network = mlp.build((10,), 1, [20])
    before = network[0].weight.detach().clone()
    shared = share_weights(network, clusters, None)
    assert set(shared) == {"0.weight", "2.weight"}
    values = network[0].weight.unique()
    assert len(values) == clusters
    assert torch.equal(network[0].weight, shared["0.weight"].values())
    # Each weight takes the value that is nearest to it.
    nearest = values[(before.flatten()[:, None] - values).abs().argmin(dim=1)]
    assert (network[0].weight.flatten() - nearest).abs().max() < 1e-6


def test_masked_weights_stay_zero_and_zero_is_one_of_the_values():
    torch.manual_seed(0)
    network = mlp.build((10,), 1, [20])
    masks = full_masks(network)
    masks["0.weight"][:, ::2] = False
    apply_masks(network, masks)
    shared = share_weights(network, 4, masks)
    assert len(network[0].weight.unique()) == 4
    with torch.no_grad():
        network[0].weight += 1
    shared = tuned(network, shared)
    apply_sharing(network, shared)
    assert (network[0].weight[~masks["0.weight"]] == 0).all()
    assert (network[0].weight[masks["0.weight"]] != 0).all()


def test_centroids_are_tuned_to_the_mean_of_their_weights():
    torch.manual_seed(0)
    network = mlp.build((10,), 1, [20])
    shared = share_weights(network, 3, None)
    indices = shared["0.weight"].indices
    with torch.no_grad():
        network[0].weight += torch.randn_like(network[0].weight)
    weights = network[0].weight.detach()
    codebook = tuned(network, shared)["0.weight"].codebook
    expected = [weights[indices == index].mean().item() for index in range(3)]
    assert codebook.tolist() == pytest.approx(expected, rel=1e-4)


def test_centroids_are_tuned_where_the_weights_are():
    torch.manual_seed(0)
    network = mlp.build((10,), 1, [20])
    _shared, here = sharing(network, 3, None)
    with second_device() as device:
        there = copy.deepcopy(network).to(THERE)
        shared, after_step = sharing(there, 3, None)
        device.moves.clear()
        after_step(there, None, 0.1)
        assert not device.moves
        assert {shared[name].codebook.device for name in shared} == {THERE}
        tuned_there = there.cpu()[0].weight.clone()
    here(network, None, 0.1)
    assert torch.equal(tuned_there, network[0].weight)


def test_a_layer_with_fewer_values_than_clusters_keeps_them():
    network = mlp.build((2,), 1, [2])
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
    share_weights(network, 16, None)
    assert network[0].weight.tolist() == [[1, 2], [2, 1]]


# On disk.


def written(path: Path, network: torch.nn.Module, clusters: int, masks: Masks | None = None) -> int:
    """Bytes that the indices of the first layer take in a file with shared weights."""
    shared = share_weights(network, clusters, masks)
    spec = NetworkSpec("mlp", {"hidden": [64]}, (64,), 1)
    write_network(path, network, spec, "key", masks, shared)
    found, _spec, _masks = read_masked_network(path)
    for (name, value), other in zip(
        network.state_dict().items(), found.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), name
    with safe_open(path, framework="pt") as file:
        return file.get_tensor("0.weight#indices").numel()


@pytest.mark.parametrize("clusters", [2, 16, 255])
def test_indices_take_no_more_than_their_bits(tmp_path: Path, clusters: int):
    torch.manual_seed(0)
    bits = math.log2(clusters) + 0.5
    coded = written(tmp_path / "n", mlp.build((64,), 1, [64]), clusters)
    assert coded <= 64 * 64 * bits / 8 + 200


def test_indices_are_entropy_coded(tmp_path: Path):
    # With nine in ten weights masked, one value is common, and takes about one bit, not four.
    torch.manual_seed(0)
    network = mlp.build((64,), 1, [64])
    masks = full_masks(network)
    masks["0.weight"] = torch.rand(64, 64) > 0.9
    apply_masks(network, masks)
    coded = written(tmp_path / "masked", network, 16, masks)
    assert coded < 64 * 64 * 1.5 / 8
    assert coded < 0.5 * written(tmp_path / "all", mlp.build((64,), 1, [64]), 16)


def test_a_file_with_shared_weights_is_much_smaller(tmp_path: Path):
    torch.manual_seed(0)
    spec = NetworkSpec("lenet_5", {}, (1, 16, 16), 10)
    network = spec.build()
    write_network(tmp_path / "plain", network, spec, "key")
    write_network(tmp_path / "shared", network, spec, "key", shared=share_weights(network, 4, None))
    plain, shared = ((tmp_path / name).stat().st_size for name in ("plain", "shared"))
    # Two bits of 32 a weight, and the biases.
    assert shared < plain / 10


@settings(max_examples=20)
@given(st.integers(2, 6), st.integers(0, 100), st.floats(0, 0.9))
def test_few_values_and_no_revived_weight_whatever_the_weights(
    clusters: int, seed: int, masked: float
):
    torch.manual_seed(seed)
    network = mlp.build((4,), 1, [6])
    masks = full_masks(network)
    masks["0.weight"] = torch.rand(6, 4) >= masked
    masks["0.weight"][0, 0] = True
    apply_masks(network, masks)
    shared = share_weights(network, clusters, masks)
    for _ in range(2):
        for layer in (network[0], network[2]):
            assert len(layer.weight.unique()) <= clusters
        assert (network[0].weight[~masks["0.weight"]] == 0).all()
        with torch.no_grad():
            network[0].weight += torch.randn_like(network[0].weight)
        shared = tuned(network, shared)
        apply_sharing(network, shared)
