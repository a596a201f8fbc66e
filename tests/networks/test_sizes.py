"""Architectures: sizes that can be checked by hand."""

import json

import pytest
import torch
from torch import nn

from prunestudy.errors import StudyError
from prunestudy.evaluation.cost import count_macs, count_params
from prunestudy.networks.architectures import cnn, lenet_5, mlp, mlp_mixed, resnet, vgg_16
from prunestudy.networks.spec import ARCHITECTURES, NetworkSpec
from prunestudy.settings.parts import part_names
from tests.specs import EMBEDDING_BAG, MIXED_MLP, OF_INDICES, TEXTCNN


def test_the_article_network_10_5_1_has_61_parameters():
    network = mlp.build((10,), 1, [5])
    assert count_params(network) == 10 * 5 + 5 + 5 * 1 + 1 == 61
    assert network(torch.zeros(3, 10)).shape == (3, 1)


def test_lenet_300_100_has_266610_parameters_and_266200_macs():
    network = mlp.build((1, 28, 28), 10, [300, 100])
    assert count_params(network) == 266_610
    assert (
        count_macs(network, torch.zeros(1, 1, 28, 28))
        == 784 * 300 + 300 * 100 + 100 * 10
        == 266_200
    )


def test_the_cnn_32_64_128_on_28_by_28_has_7452416_macs():
    network = cnn.build((1, 28, 28), 10, [32, 64, 128])
    by_hand = 28 * 28 * 9 * 1 * 32 + 14 * 14 * 9 * 32 * 64 + 7 * 7 * 9 * 64 * 128 + 128 * 10
    assert count_macs(network, torch.zeros(1, 1, 28, 28)) == by_hand == 7_452_416
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


NAMED = ("architecture", "arguments", "removed")
ARGUMENTS = {"mlp": {"hidden": [3]}, "cnn": {"channels": [3]}, "resnet": {"depth": 8}}


@pytest.mark.parametrize("name", sorted({*part_names(ARCHITECTURES)} - {"vgg_16"}))
def test_every_architecture_answers_each_input(name: str):
    spec = NetworkSpec(name, ARGUMENTS.get(name, {}), (1, 32, 32), 3)
    spec = OF_INDICES.get(name, spec)
    network = spec.build()
    for inputs in (spec.example(4), spec.sample(4)):
        assert inputs.shape == (4, *spec.input_shape)
        found = network(inputs)
        assert found.shape == (4, 3)
        assert found.isfinite().all()


def test_lenet_5_has_431080_parameters_and_2293000_macs():
    network = lenet_5.build((1, 28, 28), 10)
    assert count_params(network) == 431_080
    assert count_macs(network, torch.zeros(1, 1, 28, 28)) == 2_293_000


def test_resnet_20_has_269722_parameters_and_40551040_macs():
    network = resnet.build((3, 32, 32), 10, 20)
    assert count_params(network) == 269_722
    assert count_macs(network, torch.zeros(1, 3, 32, 32)) == 40_551_040


def test_vgg_16_has_14987722_parameters_and_313463808_macs():
    # Li et al. 2017, table 2: 1.5e7 and 3.13e8; each convolution's by hand.
    pairs = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    pairs += [(256, 512)] + [(512, 512)] * 5
    sides = [32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2]
    weights = [9 * incoming * width for incoming, width in pairs]
    macs = sum(count * side**2 for count, side in zip(weights, sides, strict=True))
    scales = 2 * (sum(width for _incoming, width in pairs) + 512)
    network = vgg_16.build((3, 32, 32), 10)
    by_hand = sum(weights) + scales + 512 * 512 + 512 + 512 * 10 + 10
    assert count_params(network) == by_hand == 14_987_722
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    found = count_macs(network, torch.zeros(1, 3, 32, 32))
    assert found == macs + 512 * 512 + 512 * 10 == 313_463_808


@pytest.mark.parametrize(
    ("depth", "params", "macs"), [(56, 853_018, 125_485_696), (110, 1_727_962, 252_887_680)]
)
def test_deep_residual_networks_have_the_sizes_that_papers_print(
    depth: int, params: int, macs: int
):
    # Li et al. 2017, table 1: 8.5e5 and 1.25e8, 1.72e6 and 2.53e8.
    blocks = (depth - 2) // 6
    weights, work, incoming = 27 * 16 + 640 + 10, 27 * 16 * 1024 + 640, 16
    for width, side in ((16, 32), (32, 16), (64, 8)):
        own = 9 * (incoming * width + (2 * blocks - 1) * width**2)
        weights, work, incoming = weights + own, work + own * side**2, width
    scales = 2 * (16 + 2 * blocks * (16 + 32 + 64))
    network = resnet.build((3, 32, 32), 10, depth)
    assert count_params(network) == weights + scales == params
    assert count_macs(network, torch.zeros(1, 3, 32, 32)) == work == macs


def test_a_textcnn_looks_words_up_for_nothing():
    network = TEXTCNN.build()
    # Positions of kernels 2, 3, 5 over 12 words with half a kernel of padding on each side.
    kernels = {2: 13, 3: 12, 5: 12}
    weights = {kernel: 8 * 6 * kernel for kernel in kernels}
    assert count_params(network) == 30 * 8 + sum(weights.values()) + 3 * 6 + 18 * 3 + 3
    macs = sum(weights[kernel] * positions for kernel, positions in kernels.items())
    assert count_macs(network, TEXTCNN.example()) == macs + 18 * 3


def test_an_embedding_bag_of_words_is_as_large_as_its_words():
    network = EMBEDDING_BAG.build()
    assert count_params(network) == 30 * 8 + 8 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3
    assert count_macs(network, EMBEDDING_BAG.example()) == 8 * 7 + 7 * 5 + 5 * 3


def test_a_category_has_half_as_many_numbers_as_there_are_and_at_most_50():
    network = MIXED_MLP.build()
    # 4 numbers, then 4, 11 and 6 categories.
    assert [one.embedding_dim for one in network.embeddings] == [2, 6, 3]
    embedded, read = 4 * 2 + 11 * 6 + 6 * 3, 4 + 2 + 6 + 3
    assert count_params(network) == embedded + read * 9 + 9 + 9 * 6 + 6 + 6 * 3 + 3
    assert count_macs(network, MIXED_MLP.example()) == read * 9 + 9 * 6 + 6 * 3
    assert mlp_mixed.build((1,), 1, [2], categories=[900]).embeddings[0].embedding_dim == 50


def test_a_mixed_table_may_have_numbers_or_categories_alone():
    alone = mlp_mixed.build((2,), 1, [3], categories=[4, 6])
    assert alone(torch.tensor([[3.0, 5.0]])).shape == (1, 1)
    assert count_params(alone) == 4 * 2 + 6 * 3 + 5 * 3 + 3 + 3 + 1
    assert count_params(mlp_mixed.build((2,), 1, [3])) == count_params(mlp.build((2,), 1, [3]))


@pytest.mark.parametrize("name", ["textcnn", "embedding_bag"])
def test_padding_is_not_read(name: str):
    torch.manual_seed(0)
    network = OF_INDICES[name].build().eval()
    with torch.no_grad():
        # As weight sharing may leave it, and a bias that would win where there is no word.
        network.embedding.weight[0] = 5.0
        for convolution in getattr(network, "convolutions", ()):
            convolution.bias.fill_(3.0)
            convolution.weight.abs_().neg_()
        network.embedding.weight[1:].abs_()
    words = torch.tensor([[4, 9, 2, 7, 7]])
    more = torch.cat([words, torch.zeros(1, 30, dtype=torch.int64)], dim=1)
    with torch.no_grad():
        assert torch.allclose(network(words), network(more), atol=1e-6)
        none = network(torch.zeros(1, 12, dtype=torch.int64))
        assert torch.equal(none, network(torch.zeros(1, 3, dtype=torch.int64)))
        if name == "textcnn":
            assert torch.equal(none[0], network.linear.bias)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("cnn", (10,)),
        ("vgg_16", (10,)),
        ("resnet", (10,)),
        ("lenet_5", (10,)),
        ("lenet_5", (1, 8, 8)),
    ],
)
def test_data_of_another_shape_is_a_sentence(name: str, shape: tuple[int, ...]):
    with pytest.raises(StudyError, match="needs images"):
        NetworkSpec(name, ARGUMENTS.get(name, {}), shape, 2).build()


@pytest.mark.parametrize("name", ["textcnn", "embedding_bag", "mlp_mixed"])
def test_data_that_are_no_words_and_no_table_are_a_sentence(name: str):
    arguments, shape = OF_INDICES[name].arguments, (1, 8, 8)
    with pytest.raises(StudyError, match="the data has shape 1×8×8"):
        NetworkSpec(name, arguments, shape, 2).build()


def test_a_spec_from_params_names_architecture_and_arguments():
    described = {"input_shape": [1, 8, 8], "outputs": 10, "dataset": "digits"}
    spec = NetworkSpec.from_params({"name": "cnn", "channels": [4]}, described)
    assert spec == NetworkSpec("cnn", {"channels": [4]}, (1, 8, 8), 10)
    assert set(spec.stored()) == {*described, *NAMED} - {"dataset"}


def test_a_spec_from_params_tells_categories_and_words_where_there_are_some():
    described = {"input_shape": [3], "outputs": 1, "categories": [4, 9]}
    mixed = NetworkSpec.from_params({"name": "mlp_mixed", "hidden": [4]}, described)
    assert mixed.categories == (4, 9)
    assert mixed.example().dtype == torch.float32
    columns = mixed.sample(500)[:, 1:]
    assert columns.amin(0).tolist() == [0, 0]
    assert columns.amax(0).tolist() == [3, 8]
    text = NetworkSpec.from_params(
        {"name": "embedding_bag", "embedding": 4, "hidden": [3]},
        {"input_shape": [7], "outputs": 2, "vocabulary": 20},
    )
    assert text.example().dtype == text.sample(2).dtype == torch.int64
    assert set(text.sample(500).unique().tolist()) == set(range(20))
    for spec in (mixed, text):
        assert NetworkSpec.from_stored(json.loads(json.dumps(spec.stored()))) == spec


def test_an_image_too_small_for_vgg_16_is_a_sentence():
    with pytest.raises(StudyError, match="at least 32×32, found 28×28"):
        vgg_16.build((1, 28, 28), 10)


def test_more_poolings_than_the_image_allows_is_a_sentence():
    with pytest.raises(StudyError, match="8"):
        cnn.build((1, 8, 8), 10, [4] * 5)
