"""Weight sharing: few values a layer, and masked weights stay zero."""

import pytest
import torch

from prunestudy.networks.zoo import mlp
from prunestudy.pruning.masks import apply_masks, full_masks
from prunestudy.pruning.sharing import apply_sharing, share_weights, tuned


@pytest.mark.parametrize("clusters", [2, 16])
def test_a_layer_has_so_many_values_at_most(clusters: int):
    torch.manual_seed(0)
    network = mlp((10,), 1, [20])
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
    network = mlp((10,), 1, [20])
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
    network = mlp((10,), 1, [20])
    shared = share_weights(network, 3, None)
    indices = shared["0.weight"].indices
    with torch.no_grad():
        network[0].weight += torch.randn_like(network[0].weight)
    weights = network[0].weight.detach()
    codebook = tuned(network, shared)["0.weight"].codebook
    expected = [weights[indices == index].mean().item() for index in range(3)]
    assert codebook.tolist() == pytest.approx(expected, rel=1e-4)


def test_a_layer_with_fewer_values_than_clusters_keeps_them():
    network = mlp((2,), 1, [2])
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
    share_weights(network, 16, None)
    assert network[0].weight.tolist() == [[1, 2], [2, 1]]
