"""Settings of each architecture, and what it asks of the data; no torch here."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from prunestudy.settings.base import Params, Width


def _named(schema: dict[str, Any]) -> None:
    """The name tells architectures apart, so a file must say it."""
    schema["required"] = ["name", *schema.get("required", [])]
    del schema["properties"]["name"]["default"]


class Architecture(Params):
    """What is known of an architecture before it is built."""

    model_config = ConfigDict(json_schema_extra=_named)
    batch_norm: ClassVar[bool] = False
    images: ClassVar[bool] = False

    def least_side(self) -> int:
        """Pixels that the shorter side of an image must have."""
        return 1


class Mlp(Architecture):
    """Fully connected layers with ReLU between them."""

    name: Literal["mlp"] = Field("mlp", description="fully connected network")
    hidden: list[Width] = Field(
        description="units of each hidden layer", min_length=1, max_length=64, examples=[[32, 16]]
    )


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


class LeNet300(Architecture):
    """LeNet-300-100: two hidden layers, 266,610 parameters on 28×28 images of ten classes."""

    name: Literal["lenet_300_100"] = Field("lenet_300_100", description="fully connected LeNet")


class LeNet5(Architecture):
    """LeNet-5 with 20 and 50 channels of 5×5 and 500 neurons (431,080 parameters on 28×28)."""

    images: ClassVar[bool] = True
    name: Literal["lenet_5"] = Field("lenet_5", description="convolutional LeNet")

    def least_side(self) -> int:
        """Two convolutions without padding, two poolings."""
        return 16


class ResNet(Architecture):
    """ResNet for small images with shortcuts that have no parameters; depth 20 has n = 3."""

    batch_norm: ClassVar[bool] = True
    images: ClassVar[bool] = True
    name: Literal["resnet"] = Field("resnet", description="residual network for small images")
    depth: Literal[8, 14, 20, 32, 44, 56] = Field(20, description="layers, 6 n + 2")


Network = Annotated[Mlp | Cnn | LeNet300 | LeNet5 | ResNet, Field(discriminator="name")]
