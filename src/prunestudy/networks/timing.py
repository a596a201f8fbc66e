"""Timing of calls: several in turns, so that a drift of the machine favours none."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from prunestudy.networks.settings import Latency

# A timed sample repeats short calls until it lasts about this long, well above the clock's grain.
SAMPLE_SECONDS = 2e-4

Call = Callable[[], object]
# How many seconds so many calls take.
Timer = Callable[[Call, int], float]


def wall_seconds(call: Call, count: int) -> float:
    """Seconds of so many calls, by the processor's clock."""
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - begin


def interleaved(
    calls: Sequence[Call], settings: Latency, timer: Timer = wall_seconds
) -> np.ndarray:
    """Milliseconds of a call, repeats × calls, timed in turns."""
    for call in calls:
        for _ in range(settings.warmup):
            call()
    counts = [max(1, math.ceil(SAMPLE_SECONDS / max(timer(call, 1), 1e-7))) for call in calls]
    samples = np.empty((settings.repeats, len(calls)))
    for repeat in range(settings.repeats):
        order = range(len(calls))
        # Turning the order about keeps a drift of the clock frequency from favouring one.
        for which in order if repeat % 2 == 0 else reversed(order):
            seconds = timer(calls[which], counts[which])
            samples[repeat, which] = 1000 * seconds / counts[which]
    return samples
