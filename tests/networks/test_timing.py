"""Timing: calls in turns, on a clock that the tests move."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from prunestudy.networks import timing
from prunestudy.networks.settings import Latency
from prunestudy.networks.timing import interleaved

SETTINGS = Latency(repeats=5, warmup=2)


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_calls_are_timed_in_turns_after_a_warm_up(monkeypatch: pytest.MonkeyPatch, names: str):
    monkeypatch.setattr(timing, "SAMPLE_SECONDS", 0)
    called: list[str] = []
    calls = [lambda name=name: called.append(name) for name in names]
    samples = interleaved(calls, SETTINGS)
    assert samples.shape == (5, len(names))
    assert (samples > 0).all()
    assert called[: 2 * len(names)] == [name for name in names for _ in range(2)]
    turns = "".join(called[-5 * len(names) :])
    assert turns == "".join(itertools.islice(itertools.cycle([names, names[::-1]]), 5))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Callable[[], None]]:
    """Calls that take given seconds on a clock of their own."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def call(seconds: float) -> Callable[[], None]:
        def run() -> None:
            now[0] += seconds

        return run

    return call


def test_a_slow_call_takes_longer_in_milliseconds(clock: Callable):
    fast, slow = interleaved((clock(0.001), clock(0.004)), SETTINGS).T
    assert fast == pytest.approx(np.full(5, 1.0))
    assert slow == pytest.approx(np.full(5, 4.0))


def test_short_calls_are_repeated_and_divided(clock: Callable):
    short = timing.SAMPLE_SECONDS / 10
    counts = [0, 0]
    runs = [clock(short), clock(short)]

    def counted(which: int) -> Callable[[], None]:
        def run() -> None:
            counts[which] += 1
            runs[which]()

        return run

    samples = interleaved([counted(0), counted(1)], Latency(repeats=3, warmup=1))
    assert samples == pytest.approx(np.full((3, 2), 1000 * short))
    assert min(counts) >= 3 * 10
