"""Cost: the counts that peers print for known networks."""

import gzip
from pathlib import Path

import pytest
import torch
from torch import nn

from prunestudy.evaluation.cost import (
    count_macs,
    count_macs_nonzero,
    count_nonzero,
    count_params,
    file_sizes,
)
from prunestudy.networks.architectures import cnn, mlp, resnet
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_network, write_network
from prunestudy.pruning.masks import apply_masks
from prunestudy.pruning.surgery import remove_units
from tests.keeping import full_masks


def test_lenet_300_100():
    network = mlp.build((784,), 10, [300, 100])
    assert count_params(network) == 266_610
    assert count_macs(network, torch.zeros(1, 784)) == 266_200


def test_lenet_5():
    network = nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )
    assert count_params(network) == 431_080
    assert count_macs(network, torch.zeros(1, 1, 28, 28)) == 2_293_000


@pytest.mark.parametrize(
    ("channels", "mmacs"),
    [
        ([32, 64, 128], 7.45),
        ([28, 64, 128], 6.97),
        ([24, 48, 96], 4.23),
        ([20, 40, 80], 2.96),
        ([16, 48, 96], 3.50),
        ([16, 32, 64], 1.92),
        ([12, 24, 48], 1.10),
        ([16, 16, 32], 0.79),
        ([8, 16, 32], 0.51),
        ([8, 8, 8], 0.20),
    ],
)
def test_the_cnn_on_28_by_28_images(channels: list[int], mmacs: float):
    macs = count_macs(cnn.build((1, 28, 28), 10, channels), torch.zeros(1, 1, 28, 28))
    assert macs / 1e6 == pytest.approx(mmacs, abs=0.005)


def test_a_macs_is_a_multiply_add_without_biases_batch_norm_and_activations():
    with_bias = nn.Sequential(nn.Conv2d(1, 2, 3, bias=True), nn.BatchNorm2d(2), nn.ReLU())
    without = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False))
    assert (
        count_macs(with_bias, torch.zeros(1, 1, 5, 5))
        == count_macs(without, torch.zeros(1, 1, 5, 5))
        == 2 * 9 * 9
    )


def test_masks_are_counted_and_zeros_are_not():
    network = mlp.build((10,), 1, [5])
    masks = full_masks(network)
    masks["0.weight"][0] = False
    masks["0.weight"][1, :4] = False
    with torch.no_grad():
        network[0].bias.fill_(0)
        network[2].weight.fill_(0)
    assert count_params(network) == 61
    assert count_nonzero(network, None) == 61
    assert count_nonzero(network, masks) == 61 - 14


def test_masked_weights_cost_as_much_unless_a_runtime_skips_them():
    network = cnn.build((1, 8, 8), 3, [4])
    masks = full_masks(network)
    masks["0.weight"][0] = False
    apply_masks(network, masks)
    dense = 64 * 9 * 4 + 4 * 3
    assert count_macs(network, torch.zeros(1, 1, 8, 8)) == dense
    assert count_macs_nonzero(network, torch.zeros(1, 1, 8, 8), None) == dense
    assert count_macs_nonzero(network, torch.zeros(1, 1, 8, 8), masks) == dense - 64 * 9


def test_an_unpruned_resnet_20_has_zeros_but_none_of_them_is_pruned():
    network = resnet.build((3, 32, 32), 10, 20)
    zeros = sum(int((parameter == 0).sum()) for parameter in network.parameters())
    assert zeros == 688
    assert count_nonzero(network, None) == 269_722


def test_a_mask_saves_no_bytes_but_surgery_does(tmp_path: Path):
    spec = NetworkSpec("mlp", {"hidden": [64]}, (30,), 2)
    torch.manual_seed(0)
    network = spec.build()
    write_network(tmp_path / "dense", network, spec, "key")
    with torch.no_grad():
        network[0].weight[:32] = 0
        network[0].bias[:32] = 0
        network[2].weight[:, :32] = 0
    write_network(tmp_path / "masked", network, spec, "key")
    smaller = remove_units(network, spec, {"0": list(range(32))})
    write_network(tmp_path / "shrunk", network, smaller, "key")
    dense, masked, shrunk = (file_sizes(tmp_path / n) for n in ("dense", "masked", "shrunk"))
    assert masked[0] == dense[0]
    assert shrunk[0] < 0.6 * dense[0]
    assert masked[1] < dense[1]


def test_the_sizes_of_a_file_as_it_is_and_zipped(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"a" * 10_000)
    plain, zipped = file_sizes(path)
    assert plain == 10_000
    assert zipped < 100
    assert file_sizes(path) == (plain, zipped)
    assert len(gzip.compress(path.read_bytes(), mtime=0)) == zipped


def test_counting_does_not_change_a_network_read_from_disk(tmp_path: Path):
    spec = NetworkSpec("cnn", {"channels": [4]}, (1, 8, 8), 3)
    write_network(tmp_path / "n", spec.build(), spec, "key")
    network, _spec = read_network(tmp_path / "n")
    count_macs(network, torch.zeros(1, 1, 8, 8))
    count_macs_nonzero(network, torch.zeros(1, 1, 8, 8), None)
    write_network(tmp_path / "again", network, spec, "key")
    assert (tmp_path / "n").read_bytes() == (tmp_path / "again").read_bytes()
