"""Latency: two networks timed in turns."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from prunestudy.artifacts import read_table, write_table
from prunestudy.evaluation import latency
from prunestudy.evaluation.latency import interleaved, measure_latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.params import Latency

SETTINGS = Latency(repeats=5, warmup=2)


def test_two_calls_are_timed_in_turns_after_a_warm_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latency, "SAMPLE_SECONDS", 0)
    called: list[str] = []
    first, second = interleaved(
        lambda: called.append("first"), lambda: called.append("second"), SETTINGS
    )
    assert first.shape == second.shape == (5,)
    assert (first > 0).all()
    assert (second > 0).all()
    assert called[:4] == ["first", "first", "second", "second"]
    turns = called[-10:]
    pairs = [turns[place : place + 2] for place in range(0, 10, 2)]
    expected = [["first", "second"], ["second", "first"]]
    assert pairs == list(itertools.islice(itertools.cycle(expected), 5))


def test_a_slow_call_takes_longer_in_milliseconds(monkeypatch: pytest.MonkeyPatch):
    clock = itertools.count()
    ticks = {"fast": 0.001, "slow": 0.004}
    now = [0.0]

    def call(name: str):
        def run() -> None:
            next(clock)
            now[0] += ticks[name]

        return run

    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    fast, slow = interleaved(call("fast"), call("slow"), SETTINGS)
    assert fast == pytest.approx(np.full(5, 1.0))
    assert slow == pytest.approx(np.full(5, 4.0))


def test_short_calls_are_repeated_and_divided(monkeypatch: pytest.MonkeyPatch):
    now, calls = [0.0], [0]

    def call() -> None:
        calls[0] += 1
        now[0] += latency.SAMPLE_SECONDS / 10

    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    first, second = interleaved(call, call, Latency(repeats=3, warmup=1))
    per_call = 1000 * latency.SAMPLE_SECONDS / 10
    assert first == pytest.approx(np.full(3, per_call))
    assert second == pytest.approx(np.full(3, per_call))
    assert calls[0] >= 2 * 3 * 10


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Trajectories of two methods: networks on disk with their table."""
    torch.manual_seed(0)
    found = {}
    for method, widths in {"dense": [24], "adaptive": [8, 4]}.items():
        folder = tmp_path / method
        folder.mkdir()
        rows = []
        for width in widths:
            spec = NetworkSpec("mlp", {"hidden": [width]}, (10,), 1)
            file = f"{width}.safetensors"
            write_network(folder / file, spec.build(), spec, "key")
            rows.append({"point": str(width), "stage": 0, "epochs": 1, "file": file})
        write_table(pd.DataFrame(rows), folder / "networks.csv")
        found[method] = folder
    return found


def test_every_network_has_a_row_of_positive_times(tmp_path: Path, folders: dict[str, Path]):
    measure_latency(Latency(repeats=3, warmup=1), folders, tmp_path / "latency.csv")
    table = read_table(tmp_path / "latency.csv")
    assert list(zip(table["method"], table["point"], strict=True)) == [
        ("dense", "24"),
        ("adaptive", "8"),
        ("adaptive", "4"),
    ]
    for size in (1, 64):
        for column in ("latency_ms", "latency_ratio", "eager_ms"):
            assert (table[f"{column}_b{size}"] > 0).all()
        assert (table[f"latency_q1_b{size}"] <= table[f"latency_ms_b{size}"]).all()
        assert (table[f"latency_ms_b{size}"] <= table[f"latency_q3_b{size}"]).all()
    assert (table["onnx_difference"] < 1e-4).all()
    assert (table["onnx_difference"] >= 0).all()
