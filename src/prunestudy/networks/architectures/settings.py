"""Settings of each architecture, and what it asks of the data; no torch here."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from prunestudy.networks.layer_sizes import (
    NO_INDICES,
    Indices,
    Layer,
    convolution,
    embedding,
    embedding_size,
    linear,
    linears,
    text_convolution,
)
from prunestudy.settings.base import Params, Width, unique


def _named(schema: dict[str, Any]) -> None:
    """The name tells architectures apart, so a file must say it."""
    schema["required"] = ["name", *schema.get("required", [])]
    del schema["properties"]["name"]["default"]


class Architecture(Params):
    """What is known of an architecture before it is built."""

    model_config = ConfigDict(json_schema_extra=_named)
    batch_norm: ClassVar[bool] = False
    images: ClassVar[bool] = False
    # How it reads columns that are not numbers yet: the part of data/encoding/.
    reads: ClassVar[Literal["numbers", "images", "mixed", "tokens"]] = "numbers"

    @property
    def widths(self) -> list[int]:
        """Units of each layer as the settings say them; none where the name does."""
        lists = [value for value in self.model_dump().values() if isinstance(value, list)]
        return lists[0] if lists else []

    def least_side(self) -> int:
        """Pixels that the shorter side of an image must have."""
        return 1

    def layers(
        self, _input_shape: tuple[int, ...], _outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """The layers of the dense network; none where nobody has told them.

        ``prunestudy check`` estimates memory and time by them.
        """
        return []


class Mlp(Architecture):
    """Fully connected layers with ReLU between them."""

    name: Literal["mlp"] = Field("mlp", description="fully connected network")
    hidden: list[Width] = Field(
        description="units of each hidden layer", min_length=1, max_length=64, examples=[[32, 16]]
    )

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """Linear ones."""
        return linears([math.prod(input_shape), *self.hidden, outputs])


class Cnn(Architecture):
    """Blocks of 3×3 convolution, BatchNorm, ReLU and 2×2 pooling, then a linear classifier."""

    batch_norm: ClassVar[bool] = True
    images: ClassVar[bool] = True
    name: Literal["cnn"] = Field("cnn", description="convolutional network with BatchNorm")
    channels: list[Width] = Field(
        description="channels of each convolution", min_length=1, max_length=64, examples=[[32, 64]]
    )

    def least_side(self) -> int:
        """Blocks halve an image once less than there are of them."""
        return int(2 ** (len(self.channels) - 1))

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """A convolution a block, each on half of the side of the one before."""
        incoming, height, width = input_shape
        found = []
        for place, (before, after) in enumerate(pairwise([incoming, *self.channels])):
            positions = (height // 2**place) * (width // 2**place)
            found.append(convolution(before, after, 3, positions))
        return [*found, linear(self.channels[-1], outputs)]


class LeNet300(Architecture):
    """LeNet-300-100: two hidden layers, 266,610 parameters on 28×28 images of ten classes."""

    name: Literal["lenet_300_100"] = Field("lenet_300_100", description="fully connected LeNet")

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """Linear ones."""
        return linears([math.prod(input_shape), 300, 100, outputs])


class LeNet5(Architecture):
    """LeNet-5 with 20 and 50 channels of 5×5 and 500 neurons (431,080 parameters on 28×28)."""

    images: ClassVar[bool] = True
    name: Literal["lenet_5"] = Field("lenet_5", description="convolutional LeNet")

    def least_side(self) -> int:
        """Two convolutions without padding, two poolings."""
        return 16

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """Two convolutions, each with a pooling behind it, and two linear layers."""
        incoming, *sides = input_shape
        first = [side - 4 for side in sides]
        second = [side // 2 - 4 for side in first]
        flat = 50 * math.prod(side // 2 for side in second)
        return [
            convolution(incoming, 20, 5, math.prod(first), batch_norm=False),
            convolution(20, 50, 5, math.prod(second), batch_norm=False),
            *linears([flat, 500, outputs]),
        ]


class ResNet(Architecture):
    """ResNet for small images with shortcuts that have no parameters; depth 20 has n = 3."""

    batch_norm: ClassVar[bool] = True
    images: ClassVar[bool] = True
    name: Literal["resnet"] = Field("resnet", description="residual network for small images")
    depth: Literal[8, 14, 20, 32, 44, 56, 110] = Field(20, description="layers, 6 n + 2")

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """Three groups of convolutions, on the whole image, a half and a quarter of its side."""
        incoming, height, width = input_shape
        found = [convolution(incoming, 16, 3, height * width)]
        for place, (before, after) in enumerate(pairwise([16, 16, 32, 64])):
            positions = math.ceil(height / 2**place) * math.ceil(width / 2**place)
            found.append(convolution(before, after, 3, positions))
            more = (self.depth - 2) // 3 - 1
            found += [convolution(after, after, 3, positions)] * more
        return [*found, linear(64, outputs)]


# Channels of the convolutions of each block.
VGG_16 = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)


class Vgg16(Architecture):
    """VGG-16 with BatchNorm and a hidden layer of 512 units (14,987,722 parameters on 3×32×32)."""

    batch_norm: ClassVar[bool] = True
    images: ClassVar[bool] = True
    name: Literal["vgg_16"] = Field("vgg_16", description="VGG-16 for small images")

    def least_side(self) -> int:
        """Every block halves the image."""
        return int(2 ** len(VGG_16))

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, _indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """Thirteen convolutions, each block on half of the side before, and two linear layers."""
        incoming, height, width = input_shape
        found = []
        for place, block in enumerate(VGG_16):
            positions = (height // 2**place) * (width // 2**place)
            for channels in block:
                found.append(convolution(incoming, channels, 3, positions))
                incoming = channels
        hidden = linear(incoming, 512)
        with_batch_norm = replace(hidden, params=hidden.params + 2 * 512, kept=2 * hidden.kept)
        return [*found, with_batch_norm, linear(512, outputs)]


class TextCnn(Architecture):
    """Embedded words, convolutions of several widths side by side, the maximum of each (Kim 2014).

    Channels and the embedding's width can be pruned; every word keeps its row.
    """

    reads: ClassVar[Literal["tokens"]] = "tokens"
    name: Literal["textcnn"] = Field("textcnn", description="convolutional network for text")
    embedding: Width = Field(50, description="numbers that stand for a word", examples=[50])
    channels: Width = Field(
        64, description="channels of the convolutions of each width", examples=[64]
    )
    kernels: Annotated[list[Annotated[int, Field(ge=1, le=100)]], AfterValidator(unique)] = Field(
        [3, 4, 5],
        description="words that a convolution spans, one for each width",
        min_length=1,
        max_length=16,
        examples=[[3, 4, 5]],
    )

    @property
    def widths(self) -> list[int]:
        """Channels of each convolution."""
        return [self.channels] * len(self.kernels)

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """An embedding, a convolution of each width, and a linear layer on all of them."""
        [words] = input_shape
        found = [embedding(indices.vocabulary, self.embedding, words)]
        for kernel in self.kernels:
            positions = words + 2 * (kernel // 2) - kernel + 1
            found.append(text_convolution(self.embedding, self.channels, kernel, positions))
        return [*found, linear(self.channels * len(self.kernels), outputs)]


class EmbeddingBag(Architecture):
    """The mean of a text's embedded words, then layers with ReLU (Iyyer et al. 2015).

    Hidden units and the embedding's width can be pruned; every word keeps its row.
    """

    reads: ClassVar[Literal["tokens"]] = "tokens"
    name: Literal["embedding_bag"] = Field("embedding_bag", description="bag of embedded words")
    embedding: Width = Field(50, description="numbers that stand for a word", examples=[50])
    hidden: list[Width] = Field(
        [32], description="units of each hidden layer", min_length=1, max_length=64, examples=[[32]]
    )

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """An embedding, and linear layers."""
        words = embedding(indices.vocabulary, self.embedding, math.prod(input_shape))
        return [words, *linears([self.embedding, *self.hidden, outputs])]


class MixedMlp(Architecture):
    """Embedded categories beside the numbers, then layers with ReLU (Guo & Berkhahn 2016).

    A column of n categories has embeddings of half as many numbers, at most 50. Hidden units and
    the widths of embeddings can be pruned; every category keeps its row.
    """

    reads: ClassVar[Literal["mixed"]] = "mixed"
    name: Literal["mlp_mixed"] = Field("mlp_mixed", description="fully connected, for mixed tables")
    hidden: list[Width] = Field(
        description="units of each hidden layer", min_length=1, max_length=64, examples=[[64, 32]]
    )

    def layers(
        self, input_shape: tuple[int, ...], outputs: int, indices: Indices = NO_INDICES
    ) -> list[Layer]:
        """An embedding a category, and linear layers."""
        counts = indices.categories
        embeddings = [embedding(count, embedding_size(count)) for count in counts]
        numbers, known = (
            math.prod(input_shape) - len(counts),
            sum(one.outputs for one in embeddings),
        )
        first = linears([numbers or known, self.hidden[0]])
        if numbers and known:
            # The block of categories shares the bias of that of numbers.
            weights = known * self.hidden[0]
            first.append(Layer(known, self.hidden[0], weights, weights, self.hidden[0]))
        return [*embeddings, *first, *linears([*self.hidden, outputs])]


Network = Annotated[
    Mlp | Cnn | LeNet300 | LeNet5 | ResNet | Vgg16 | TextCnn | EmbeddingBag | MixedMlp,
    Field(discriminator="name"),
]
