"""CUDA latency: a network beside its dense one on a GPU, eager, compiled and as a CUDA graph."""

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from prunestudy.networks.settings import Latency
from prunestudy.networks.timing import Call, Timer, interleaved
from prunestudy.training.device import device_of
from prunestudy.training.settings import Compute

LOG = logging.getLogger(__name__)
BATCH_SIZES = (1, 64, 512)
# As torch's notes on CUDA graphs have it: libraries set up what they need in the first runs.
RUNS_BEFORE_CAPTURE = 3


@dataclass(frozen=True)
class Bench:
    """Where networks are timed, by which clock, and what the device is called."""

    device: torch.device
    timer: Timer
    name: str


def gpu_bench(compute: Compute) -> Bench:
    """The GPU that a study trains on."""
    device = device_of(compute)
    return Bench(device, cuda_seconds, torch.cuda.get_device_name(device))


def cuda_seconds(call: Call, count: int) -> float:
    """Seconds of so many calls back to back, by the GPU's own events."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    # With nothing before them the calls wait for the processor alone, as they do where they serve.
    torch.cuda.synchronize()
    begin.record()
    for _ in range(count):
        call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1000


def eager_call(network: Callable[[Tensor], object], inputs: Tensor) -> Call:
    """Run a batch as PyTorch does."""

    def call() -> object:
        with torch.inference_mode():
            return network(inputs)

    return call


def compiled_call(network: nn.Module, inputs: Tensor) -> Call:
    """Run a batch in what torch.compile makes of the whole network for its very size.

    What it cannot compile whole is an error: half of a network would be timed as eager.
    """

    def run(rows: Tensor) -> Tensor:
        return network(rows)

    # What is compiled belongs to a code object: networks that share one wait for each other's
    # guards, and after eight of them no more are compiled.
    own = FunctionType(run.__code__.replace(), run.__globals__, closure=run.__closure__)
    return eager_call(torch.compile(own, fullgraph=True, dynamic=False), inputs)


def graph_call(network: nn.Module, inputs: Tensor) -> Call:
    """Replay a batch from a CUDA graph."""
    call, aside = eager_call(network, inputs), torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(RUNS_BEFORE_CAPTURE):
            call()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()

    # It reads the batch and the weights where they lie, so they must live on.
    def replay(_kept: Call = call) -> None:
        graph.replay()

    return replay


# How a network is run, and with which sizes of a batch.
MODES: dict[str, tuple[Callable[[nn.Module, Tensor], Call], tuple[int, ...]]] = {
    "eager": (eager_call, BATCH_SIZES),
    "compiled": (compiled_call, BATCH_SIZES),
    "graph": (graph_call, (1,)),
}


class OnGpu:
    """A copy of a network where it is timed, and its calls, each made once: compiling takes long.

    Args:
        inputs: a batch of a size.
    """

    def __init__(
        self, network: nn.Module, inputs: Callable[[int], Tensor], device: torch.device
    ) -> None:
        self._network, self._inputs, self._device = deepcopy(network).to(device), inputs, device
        self._calls: dict[tuple[str, int], Call] = {}

    def call(self, mode: str, size: int) -> Call:
        """Run a batch of a size in a mode."""
        if (mode, size) not in self._calls:
            made, _sizes = MODES[mode]
            self._calls[mode, size] = made(self._network, self._inputs(size).to(self._device))
        return self._calls[mode, size]


def beside(
    dense: nn.Module, inputs: Callable[[int], Tensor], settings: Latency, bench: Bench
) -> Callable[[nn.Module], dict[str, Any]]:
    """What times networks beside a dense one, which is prepared for that once.

    Args:
        inputs: a batch of a size, for all of them.

    Returns:
        A function from a network to its columns: its milliseconds, and how many times faster than
        dense it is. What cannot be run is not a number there, and the log says why.
    """
    reference = OnGpu(dense, inputs, bench.device)

    def measured(network: nn.Module) -> dict[str, Any]:
        return _measured(reference, OnGpu(network, inputs, bench.device), settings, bench)

    return measured


def _measured(dense: OnGpu, candidate: OnGpu, settings: Latency, bench: Bench) -> dict[str, Any]:
    row: dict[str, Any] = {"cuda_device": bench.name}
    for mode, (_made, sizes) in MODES.items():
        for size in sizes:
            try:
                calls = [one.call(mode, size) for one in (dense, candidate)]
                found = interleaved(calls, settings, bench.timer).T
            except Exception as error:
                # Eager runs need nothing but memory: else the GPU itself is at fault.
                if mode == "eager" and not isinstance(error, torch.OutOfMemoryError):
                    raise
                LOG.warning("cuda_%s_ms_b%d is empty: %s", mode, size, _reason(error))
                found = np.full((2, 1), np.nan)
            row |= _columns(f"cuda_{mode}", size, *found)
    return row


def _columns(name: str, size: int, reference: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    return {
        f"{name}_ms_b{size}": np.median(own),
        f"{name}_q1_b{size}": np.quantile(own, 0.25),
        f"{name}_q3_b{size}": np.quantile(own, 0.75),
        f"{name}_ratio_b{size}": np.median(reference / own),
    }


def _reason(error: Exception) -> str:
    """An error in a line."""
    told = " ".join(str(error).split()) or "no reason given"
    return f"{type(error).__name__}: {told[:300]}"
