"""What a network costs, counted on the network itself."""

import gzip
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_params(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_nonzero(network: nn.Module) -> int:
    """Number of parameters that are not zero."""
    return sum(int(parameter.count_nonzero()) for parameter in network.parameters())


def count_macs(network: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Multiply–adds of convolutions and linear layers for one input, by torch's own counter."""
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        network.eval()(torch.zeros(1, *input_shape))
    return counter.get_total_flops() // 2


def file_sizes(path: Path) -> tuple[int, int]:
    """Bytes of a file as it is, and gzipped."""
    content = path.read_bytes()
    return len(content), len(gzip.compress(content, mtime=0))
