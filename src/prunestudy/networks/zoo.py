"""The architectures that a study can name."""

import itertools
import math
from collections.abc import Callable, Sequence

from torch import nn

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


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {"mlp": mlp, "cnn": cnn}
