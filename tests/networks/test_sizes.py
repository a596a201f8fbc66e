"""Architectures: sizes that can be checked by hand."""

import pytest
import torch
from torch import nn

from prunestudy.errors import StudyError
from prunestudy.evaluation.cost import count_macs, count_params
from prunestudy.networks.architectures import cnn, lenet_5, mlp, resnet
from prunestudy.networks.spec import NetworkSpec
from prunestudy.settings.parts import part_names


def test_the_article_network_10_5_1_has_61_parameters():
    network = mlp.build((10,), 1, [5])
    assert count_params(network) == 10 * 5 + 5 + 5 * 1 + 1 == 61
    assert network(torch.zeros(3, 10)).shape == (3, 1)


def test_lenet_300_100_has_266610_parameters_and_266200_macs():
    network = mlp.build((1, 28, 28), 10, [300, 100])
    assert count_params(network) == 266_610
    assert count_macs(network, (1, 28, 28)) == 784 * 300 + 300 * 100 + 100 * 10 == 266_200


def test_the_cnn_32_64_128_on_28_by_28_has_7452416_macs():
    network = cnn.build((1, 28, 28), 10, [32, 64, 128])
    by_hand = 28 * 28 * 9 * 1 * 32 + 14 * 14 * 9 * 32 * 64 + 7 * 7 * 9 * 64 * 128 + 128 * 10
    assert count_macs(network, (1, 28, 28)) == by_hand == 7_452_416
    weights = 9 * (1 * 32 + 32 * 64 + 64 * 128) + 128 * 10 + 10
    assert count_params(network) == weights + 2 * (32 + 64 + 128)


def test_the_layers_of_the_cnn():
    network = cnn.build((3, 8, 8), 4, [2, 5])
    kinds = [type(module) for module in network]
    block = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    head = [nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear]
    assert kinds == [*block, nn.MaxPool2d, *block, *head]
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 4)


def test_an_mlp_takes_images_flat():
    assert mlp.build((1, 4, 4), 3, [6, 5])(torch.zeros(2, 1, 4, 4)).shape == (2, 3)


ARGUMENTS = {"mlp": {"hidden": [3]}, "cnn": {"channels": [3]}, "resnet": {"depth": 8}}


@pytest.mark.parametrize("name", part_names("prunestudy.networks.architectures"))
def test_every_architecture_answers_each_input(name: str):
    spec = NetworkSpec(name, ARGUMENTS.get(name, {}), (1, 16, 16), 2)
    assert spec.build()(torch.zeros(3, 1, 16, 16)).shape == (3, 2)


def test_lenet_5_has_431080_parameters_and_2293000_macs():
    network = lenet_5.build((1, 28, 28), 10)
    assert count_params(network) == 431_080
    assert count_macs(network, (1, 28, 28)) == 2_293_000


def test_resnet_20_has_269722_parameters_and_40551040_macs():
    network = resnet.build((3, 32, 32), 10, 20)
    assert count_params(network) == 269_722
    assert count_macs(network, (3, 32, 32)) == 40_551_040


@pytest.mark.parametrize(
    ("name", "shape"),
    [("cnn", (10,)), ("resnet", (10,)), ("lenet_5", (10,)), ("lenet_5", (1, 8, 8))],
)
def test_data_of_another_shape_is_a_sentence(name: str, shape: tuple[int, ...]):
    with pytest.raises(StudyError, match="needs images"):
        NetworkSpec(name, ARGUMENTS.get(name, {}), shape, 2).build()


def test_a_spec_from_params_names_architecture_and_arguments():
    spec = NetworkSpec.from_params({"name": "cnn", "channels": [4]}, (1, 8, 8), 10)
    assert spec == NetworkSpec("cnn", {"channels": [4]}, (1, 8, 8), 10)


def test_more_poolings_than_the_image_allows_is_a_sentence():
    with pytest.raises(StudyError, match="8"):
        cnn.build((1, 8, 8), 10, [4] * 5)
