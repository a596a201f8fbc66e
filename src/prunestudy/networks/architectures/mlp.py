"""Fully connected network."""

import itertools
import math
from collections.abc import Sequence

from torch import nn


def build(input_shape: tuple[int, ...], outputs: int, hidden: Sequence[int]) -> nn.Module:
    """Fully connected network with ReLU; input n × (input shape), output n × outputs."""
    widths = [math.prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()] if len(input_shape) > 1 else []
    for incoming, width in itertools.pairwise(widths):
        layers += [nn.Linear(incoming, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))
