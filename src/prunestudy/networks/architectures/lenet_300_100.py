"""LeNet-300-100 (LeCun et al. 1998)."""

from torch import nn

from prunestudy.networks.architectures import mlp


def build(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Two hidden layers of 300 and 100 units; input n × (input shape), output n × outputs."""
    return mlp.build(input_shape, outputs, [300, 100])
