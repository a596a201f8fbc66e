"""Times on a device: CUDA events on a GPU, the clock on a CPU."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

Call = Callable[[], object]


def finish(device: torch.device) -> None:
    """Wait for what the device still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(call: Call, device: torch.device) -> float:
    """Seconds of one call, with all that the device does for it."""
    finish(device)
    begin = time.perf_counter()
    call()
    finish(device)
    return time.perf_counter() - begin


def medians(calls: Sequence[Call], device: torch.device, warmup: int, repeats: int) -> list[float]:
    """Milliseconds of each call, medians over repeats, taken in turns."""
    for call in calls:
        for _ in range(warmup):
            call()
    timed = _between_events if device.type == "cuda" else _by_clock
    samples = [[timed(call, device) for call in calls] for _ in range(repeats)]
    return np.median(samples, axis=0).tolist()


def _by_clock(call: Call, device: torch.device) -> float:
    return 1000 * seconds(call, device)


def _between_events(call: Call, device: torch.device) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    finish(device)
    begin.record()
    call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)
