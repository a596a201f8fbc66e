"""The architectures that a study can name."""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.errors import StudyError

Shape = tuple[int, ...]


def mlp(input_shape: Shape, outputs: int, hidden: Sequence[int]) -> nn.Module:
    """Fully connected network with ReLU; input n × (input shape), output n × outputs."""
    widths = [math.prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()] if len(input_shape) > 1 else []
    for incoming, width in itertools.pairwise(widths):
        layers += [nn.Linear(incoming, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))


def cnn(input_shape: Shape, outputs: int, channels: Sequence[int]) -> nn.Module:
    """Convolution 3×3, BatchNorm, ReLU a block; 2×2 pooling between blocks, mean at the end."""
    _need_images(input_shape)
    smallest = 2 ** (len(channels) - 1)
    if min(input_shape[1:]) < smallest:
        size = "×".join(map(str, input_shape[1:]))
        raise StudyError(
            f"{len(channels)} blocks halve an image {len(channels) - 1} times, so it needs at "
            f"least {smallest}×{smallest} pixels; found {size}"
        )
    widths = [input_shape[0], *channels]
    layers: list[nn.Module] = []
    for position, (incoming, width) in enumerate(itertools.pairwise(widths)):
        if position:
            layers.append(nn.MaxPool2d(2))
        layers += [
            nn.Conv2d(incoming, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], outputs)
    )


def lenet_300_100(input_shape: Shape, outputs: int) -> nn.Module:
    """LeNet-300-100 (LeCun et al. 1998)."""
    return mlp(input_shape, outputs, [300, 100])


def lenet_5(input_shape: Shape, outputs: int) -> nn.Module:
    """LeNet-5 in its 20-50-500 form (LeCun et al. 1998; Caffe's example)."""
    _need_images(input_shape)
    channels, height, width = input_shape
    rest = [(size - 4) // 2 for size in (height, width)]
    rest = [(size - 4) // 2 for size in rest]
    if min(rest) < 1:
        raise StudyError(f"lenet_5 needs images of at least 16×16, found {height}×{width}")
    return nn.Sequential(
        nn.Conv2d(channels, 20, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(50 * rest[0] * rest[1], 500),
        nn.ReLU(),
        nn.Linear(500, outputs),
    )


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut without parameters (He et al. 2016, option A)."""

    def __init__(self, incoming: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(incoming, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride = stride
        self.padding = (width - incoming) // 2

    def forward(self, inputs: Tensor) -> Tensor:
        """Input n × incoming × h × w, output n × width × h/stride × w/stride."""
        inner = functional.relu(self.bn1(self.conv1(inputs)))
        inner = self.bn2(self.conv2(inner))
        if self.stride > 1:
            inputs = inputs[:, :, :: self.stride, :: self.stride]
            inputs = functional.pad(inputs, (0, 0, 0, 0, self.padding, self.padding))
        return functional.relu(inner + inputs)


class ResNet(nn.Module):
    """Residual network for small images, 6 n + 2 layers of 16, 32 and 64 channels."""

    def __init__(self, input_shape: Shape, outputs: int, depth: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(input_shape[0], 16, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        blocks = []
        incoming = 16
        for width in (16, 32, 64):
            for position in range((depth - 2) // 6):
                stride = 2 if width > 16 and position == 0 else 1
                blocks.append(ResidualBlock(incoming, width, stride))
                incoming = width
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(incoming, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Input n × channels × h × w, output n × outputs."""
        features = self.blocks(functional.relu(self.bn(self.conv(inputs))))
        return self.linear(torch.mean(features, dim=(2, 3)))


def resnet(input_shape: Shape, outputs: int, depth: int) -> nn.Module:
    """ResNet of He et al. 2016 for small images."""
    _need_images(input_shape)
    return ResNet(input_shape, outputs, depth)


def _need_images(input_shape: Shape) -> None:
    if len(input_shape) != 3:
        shape = "×".join(map(str, input_shape))
        raise StudyError(f"a convolutional network needs images, the data has shape {shape}")


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "cnn": cnn,
    "lenet_300_100": lenet_300_100,
    "lenet_5": lenet_5,
    "resnet": resnet,
}
