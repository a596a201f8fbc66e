"""Residual network for small images (He et al. 2016)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.networks.images import need_images


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

    def __init__(self, input_shape: tuple[int, ...], outputs: int, depth: int) -> None:
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


def build(input_shape: tuple[int, ...], outputs: int, depth: int) -> nn.Module:
    """ResNet of He et al. 2016 for small images."""
    need_images(input_shape)
    return ResNet(input_shape, outputs, depth)
