"""Latency: every network of a cell beside its dense one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from prunestudy.evaluation import latency
from prunestudy.evaluation.latency import SESSIONS, Candidate, measure_latency
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.store.tables import read_table, write_table
from prunestudy.training.settings import Compute

CPU = Compute(accelerator="cpu")


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
    measure_latency(Latency(repeats=3, warmup=1), CPU, folders, tmp_path / "latency.csv")
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


@pytest.mark.parametrize(
    ("repeats", "shares"), [(15, [3, 3, 3, 3, 3]), (3, [1, 1, 1]), (7, [2, 2, 1, 1, 1])]
)
def test_repeats_are_shared_out_over_sessions(
    monkeypatch: pytest.MonkeyPatch,
    folders: dict[str, Path],
    tmp_path: Path,
    repeats: int,
    shares: list[int],
):
    given: list[int] = []

    def timed(calls: tuple, settings: Latency) -> np.ndarray:
        given.append(settings.repeats)
        return np.ones((settings.repeats, len(calls)))

    monkeypatch.setattr(latency, "interleaved", timed)
    measure_latency(Latency(repeats=repeats, warmup=1), CPU, folders, tmp_path / "latency.csv")
    # Three networks and two batch sizes; PyTorch has no sessions.
    assert sorted(given) == sorted([*shares, repeats] * 6)


def test_one_slow_session_of_either_network_does_not_count(
    monkeypatch: pytest.MonkeyPatch, folders: dict[str, Path], tmp_path: Path
):
    # One session of the dense network and two of the other are a third slower all their lives.
    made: list[float] = []

    def call(self: Candidate, size: int) -> float:
        made.append(4.0 if len(made) % (2 * SESSIONS) in (2, 3, 7) else 3.0)
        return made[-1]

    def timed(calls: tuple[float, float], settings: Latency) -> np.ndarray:
        return np.tile(calls, (settings.repeats, 1))

    monkeypatch.setattr(Candidate, "onnx_call", call)
    monkeypatch.setattr(latency, "interleaved", timed)
    monkeypatch.setattr(Candidate, "eager_call", call)
    measure_latency(Latency(repeats=15, warmup=1), CPU, folders, tmp_path / "latency.csv")
    table = read_table(tmp_path / "latency.csv")
    assert set(table["latency_ratio_b64"]) == {1.0}
    assert set(table["latency_ms_b64"]) == {3.0}


def test_a_ratio_is_how_many_times_faster_than_dense_a_network_is(
    monkeypatch: pytest.MonkeyPatch, folders: dict[str, Path], tmp_path: Path
):
    # A call lasts a millisecond for each hidden neuron, in PyTorch two.
    def lasting(factor: float) -> Callable[[Candidate, int], float]:
        return lambda candidate, _size: factor * candidate.network[0].out_features

    def timed(calls: tuple[float, float], settings: Latency) -> np.ndarray:
        return np.tile(calls, (settings.repeats, 1))

    monkeypatch.setattr(Candidate, "onnx_call", lasting(1.0))
    monkeypatch.setattr(Candidate, "eager_call", lasting(2.0))
    monkeypatch.setattr(latency, "interleaved", timed)
    measure_latency(Latency(repeats=5, warmup=1), CPU, folders, tmp_path / "latency.csv")
    table = read_table(tmp_path / "latency.csv")
    for size in (1, 64):
        assert table[f"latency_ms_b{size}"].tolist() == [24, 8, 4]
        assert table[f"eager_ms_b{size}"].tolist() == [48, 16, 8]
        for kind in ("latency", "eager"):
            assert table[f"{kind}_ratio_b{size}"].tolist() == [1, 3, 6]


def test_quartiles_are_those_of_all_samples(
    monkeypatch: pytest.MonkeyPatch, folders: dict[str, Path], tmp_path: Path
):
    def timed(calls: tuple, settings: Latency) -> np.ndarray:
        return np.arange(1.0, settings.repeats + 1)[:, None].repeat(len(calls), axis=1)

    monkeypatch.setattr(latency, "SESSIONS", 1)
    monkeypatch.setattr(latency, "interleaved", timed)
    measure_latency(Latency(repeats=5, warmup=1), CPU, folders, tmp_path / "latency.csv")
    row = read_table(tmp_path / "latency.csv").iloc[0]
    assert [row[f"latency_{part}_b64"] for part in ("q1", "ms", "q3")] == [2, 3, 4]


def test_sessions_and_inputs_are_made_anew(folders: dict[str, Path]):
    candidate = latency._candidate(folders["dense"] / "24.safetensors")
    one, two = candidate.inputs(64), candidate.inputs(64)
    assert torch.equal(one, two)
    assert one.data_ptr() != two.data_ptr()
    first, second = candidate.onnx_call(64)(), candidate.onnx_call(64)()
    np.testing.assert_array_equal(first[0], second[0])
