"""VGG-16 for small images (Simonyan & Zisserman 2015, as in Li et al. 2017)."""

from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.images import need_images

# Channels of the convolutions of each block.
BLOCKS = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)
HIDDEN = 512


def build(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """13 convolutions with BatchNorm, a hidden layer of 512 units with BatchNorm, a classifier.

    A pooling of 2×2 ends each of the five blocks; the last one of 32×32 pixels leaves one position,
    and so does the mean over positions where images are larger.
    """
    need_images(input_shape)
    least = 2 ** len(BLOCKS)
    if min(input_shape[1:]) < least:
        size = "×".join(map(str, input_shape[1:]))
        raise StudyError(f"vgg_16 needs images of at least {least}×{least}, found {size}")
    layers: list[nn.Module] = []
    incoming = input_shape[0]
    for block in BLOCKS:
        for width in block:
            layers += [
                # A bias would be lost in BatchNorm.
                nn.Conv2d(incoming, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            incoming = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(incoming, HIDDEN),
        nn.BatchNorm1d(HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, outputs),
    )
