"""Convolutional network with BatchNorm."""

import itertools
from collections.abc import Sequence

from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.images import need_images


def build(input_shape: tuple[int, ...], outputs: int, channels: Sequence[int]) -> nn.Module:
    """Convolution 3×3, BatchNorm, ReLU a block; 2×2 pooling between blocks, mean at the end."""
    need_images(input_shape)
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
