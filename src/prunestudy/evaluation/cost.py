"""What a network costs, counted on the network itself."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from prunestudy.networks.cost_model import output_positions


def count_params(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_nonzero(network: nn.Module, masks: Mapping[str, Tensor] | None) -> int:
    """Number of parameters that no mask holds at zero; zeros that training made count as left."""
    return count_params(network) - sum(int((~mask).sum()) for mask in (masks or {}).values())


def count_macs(network: nn.Module, example: Tensor) -> int:
    """Multiply–adds of convolutions and linear layers for one input, by torch's own counter.

    Args:
        example: inputs of the network, rows × input shape.
    """
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        network.eval()(example[:1])
    return counter.get_total_flops() // 2


def count_macs_nonzero(
    network: nn.Module, example: Tensor, masks: Mapping[str, Tensor] | None
) -> int:
    """MACs for one input of a runtime that would skip every masked weight."""
    held = masks or {}
    uses = output_positions(network, example)
    parameters = dict(network.named_parameters())
    total = 0
    for layer, count in uses.items():
        name = f"{layer}.weight"
        left = held[name].sum() if name in held else parameters[name].numel()
        total += count * int(left)
    return total


def file_sizes(path: Path) -> tuple[int, int]:
    """Bytes of a file as it is, and gzipped."""
    content = path.read_bytes()
    return len(content), len(gzip.compress(content, mtime=0))
