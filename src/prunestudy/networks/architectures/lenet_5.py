"""LeNet-5 in its 20-50-500 form."""

from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.images import need_images


def build(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """LeNet-5 in its 20-50-500 form (LeCun et al. 1998; Caffe's example)."""
    need_images(input_shape)
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
