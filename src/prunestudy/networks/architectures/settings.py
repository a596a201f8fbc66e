"""Settings of each architecture, and what it asks of the data; no torch here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from prunestudy.settings.base import Params, Width


def _named(schema: dict[str, Any]) -> None:
    """The name tells architectures apart, so a file must say it."""
    schema["required"] = ["name", *schema.get("required", [])]
    del schema["properties"]["name"]["default"]


@dataclass(frozen=True)
class Layer:
    """How large a layer of a dense network is.

    Attributes:
        inputs: units that it reads.
        outputs: units that it has.
        params: numbers that are trained, those of a BatchNorm behind it included.
        macs: multiply–adds for one input.
        kept: numbers that a training keeps of one input until its gradients are there.
    """

    inputs: int
    outputs: int
    params: int
    macs: int
    kept: int


def _linear(inputs: int, outputs: int) -> Layer:
    return Layer(inputs, outputs, inputs * outputs + outputs, inputs * outputs, outputs)


def _linears(widths: Sequence[int]) -> list[Layer]:
    return [_linear(*pair) for pair in pairwise(widths)]


def _convolution(
    inputs: int, outputs: int, side: int, positions: int, batch_norm: bool = True
) -> Layer:
    """A convolution of side × side without bias, and BatchNorm; or with bias alone."""
    weights = inputs * outputs * side**2
    more = 2 * outputs if batch_norm else outputs
    # Both the input of BatchNorm and its output are kept.
    kept = outputs * positions * (2 if batch_norm else 1)
    return Layer(inputs, outputs, weights + more, weights * positions, kept)


class Architecture(Params):
    """What is known of an architecture before it is built."""

    model_config = ConfigDict(json_schema_extra=_named)
    batch_norm: ClassVar[bool] = False
    images: ClassVar[bool] = False
    # How it reads columns that are not numbers yet: the part of data/encoding/.
    reads: ClassVar[Literal["numbers", "images", "mixed", "tokens"]] = "numbers"

    def least_side(self) -> int:
        """Pixels that the shorter side of an image must have."""
        return 1

    def layers(self, _input_shape: tuple[int, ...], _outputs: int) -> list[Layer]:
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

    def layers(self, input_shape: tuple[int, ...], outputs: int) -> list[Layer]:
        """Linear ones."""
        return _linears([math.prod(input_shape), *self.hidden, outputs])


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

    def layers(self, input_shape: tuple[int, ...], outputs: int) -> list[Layer]:
        """A convolution a block, each on half of the side of the one before."""
        incoming, height, width = input_shape
        found = []
        for place, (before, after) in enumerate(pairwise([incoming, *self.channels])):
            positions = (height // 2**place) * (width // 2**place)
            found.append(_convolution(before, after, 3, positions))
        return [*found, _linear(self.channels[-1], outputs)]


class LeNet300(Architecture):
    """LeNet-300-100: two hidden layers, 266,610 parameters on 28×28 images of ten classes."""

    name: Literal["lenet_300_100"] = Field("lenet_300_100", description="fully connected LeNet")

    def layers(self, input_shape: tuple[int, ...], outputs: int) -> list[Layer]:
        """Linear ones."""
        return _linears([math.prod(input_shape), 300, 100, outputs])


class LeNet5(Architecture):
    """LeNet-5 with 20 and 50 channels of 5×5 and 500 neurons (431,080 parameters on 28×28)."""

    images: ClassVar[bool] = True
    name: Literal["lenet_5"] = Field("lenet_5", description="convolutional LeNet")

    def least_side(self) -> int:
        """Two convolutions without padding, two poolings."""
        return 16

    def layers(self, input_shape: tuple[int, ...], outputs: int) -> list[Layer]:
        """Two convolutions, each with a pooling behind it, and two linear layers."""
        incoming, *sides = input_shape
        first = [side - 4 for side in sides]
        second = [side // 2 - 4 for side in first]
        flat = 50 * math.prod(side // 2 for side in second)
        return [
            _convolution(incoming, 20, 5, math.prod(first), batch_norm=False),
            _convolution(20, 50, 5, math.prod(second), batch_norm=False),
            *_linears([flat, 500, outputs]),
        ]


class ResNet(Architecture):
    """ResNet for small images with shortcuts that have no parameters; depth 20 has n = 3."""

    batch_norm: ClassVar[bool] = True
    images: ClassVar[bool] = True
    name: Literal["resnet"] = Field("resnet", description="residual network for small images")
    depth: Literal[8, 14, 20, 32, 44, 56] = Field(20, description="layers, 6 n + 2")

    def layers(self, input_shape: tuple[int, ...], outputs: int) -> list[Layer]:
        """Three groups of convolutions, on the whole image, a half and a quarter of its side."""
        incoming, height, width = input_shape
        found = [_convolution(incoming, 16, 3, height * width)]
        for place, (before, after) in enumerate(pairwise([16, 16, 32, 64])):
            positions = math.ceil(height / 2**place) * math.ceil(width / 2**place)
            found.append(_convolution(before, after, 3, positions))
            more = (self.depth - 2) // 3 - 1
            found += [_convolution(after, after, 3, positions)] * more
        return [*found, _linear(64, outputs)]


Network = Annotated[Mlp | Cnn | LeNet300 | LeNet5 | ResNet, Field(discriminator="name")]
