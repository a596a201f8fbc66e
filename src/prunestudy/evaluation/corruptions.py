"""Corruptions of images: fixed ones, the same for every network, at one severity each.

After Hendrycks & Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions
and Perturbations", in units of the standardised inputs and without clipping, since prepared data
knows no range of brightness. Each takes and gives n × channels × height × width.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

# Standard deviations of the training pixels; what is left of an image's contrast; and a pixel's own
# weight beside each neighbour's. Severe enough to be felt, and not to ruin images of 8×8.
NOISE = 0.5
CONTRAST = 0.7
OWN = 4


def noise(images: Tensor) -> Tensor:
    """Gaussian noise on every pixel, the same whatever the device."""
    generator = torch.Generator().manual_seed(0)
    return images + NOISE * torch.randn(images.shape, generator=generator).to(images.device)


def blur(images: Tensor) -> Tensor:
    """Each pixel averaged with its neighbours along both sides; the edge is repeated."""
    wide = pad(images, (1, 1, 1, 1), mode="replicate")
    across = (wide[..., :-2] + OWN * wide[..., 1:-1] + wide[..., 2:]) / (OWN + 2)
    return (across[..., :-2, :] + OWN * across[..., 1:-1, :] + across[..., 2:, :]) / (OWN + 2)


def contrast(images: Tensor) -> Tensor:
    """Each channel nearer to its own mean."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    return mean + CONTRAST * (images - mean)


def shift(images: Tensor) -> Tensor:
    """One pixel to the right; the edge is repeated."""
    return torch.cat([images[..., :1], images[..., :-1]], dim=-1)


CORRUPTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "noise": noise,
    "blur": blur,
    "contrast": contrast,
    "shift": shift,
}
