"""CUDA latency: its logic by the processor's clock, and on a GPU where there is one."""

import logging
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from prunestudy.evaluation import cuda_latency
from prunestudy.evaluation.cuda_latency import (
    BATCH_SIZES,
    Bench,
    beside,
    compiled_call,
    eager_call,
    gpu_bench,
)
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.networks.timing import Call, wall_seconds
from prunestudy.store.accelerators import missing_gpu
from prunestudy.store.tables import read_table, write_table
from prunestudy.training.settings import Compute

CPU, GPU = Compute(accelerator="cpu"), Compute(accelerator="gpu")
QUICK = Latency(repeats=3, warmup=1)
TWIN = Bench(torch.device("cpu"), wall_seconds, "a twin")
MODES = [(mode, size) for mode in ("eager", "compiled") for size in (1, 64, 512)] + [("graph", 1)]
PARTS = ("ms", "q1", "q3", "ratio")


class Lasting(nn.Module):
    """A network that takes some milliseconds a row, on a clock of the tests' own."""

    runs: ClassVar[list[tuple[float, int]]] = []

    def __init__(self, milliseconds: float) -> None:
        super().__init__()
        self.milliseconds = milliseconds

    def forward(self, rows: Tensor) -> Tensor:
        self.runs.append((self.milliseconds, len(rows)))
        return rows


def its_clock(call: Call, count: int) -> float:
    """What the calls take by that clock."""
    begin = len(Lasting.runs)
    for _ in range(count):
        call()
    return sum(one * rows for one, rows in Lasting.runs[begin:]) / 1000


def batch(size: int) -> Tensor:
    return torch.ones(size, 10)


def network(width: int) -> nn.Module:
    return NetworkSpec("mlp", {"hidden": [width]}, (10,), 1).build().eval()


def measured(dense: nn.Module, own: nn.Module, settings: Latency, bench: Bench) -> dict[str, Any]:
    """The columns of a network beside a dense one."""
    return beside(dense, batch, settings, bench)(own)


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave networks as they are where they would be compiled, which takes seconds."""
    monkeypatch.setattr(torch, "compile", lambda one, **_options: one)


@pytest.fixture
def measure_latency() -> Callable[..., None]:
    """The step, which times networks in ONNX Runtime as well."""
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package)
    from prunestudy.evaluation import latency

    return latency.measure_latency


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A dense network of 24 units and one of 8, each in a trajectory of its own."""
    found = {}
    for method, width in {"dense": 24, "adaptive": 8}.items():
        folder = found[method] = tmp_path / method
        folder.mkdir()
        spec = NetworkSpec("mlp", {"hidden": [width]}, (10,), 1)
        write_network(folder / "n.safetensors", spec.build(), spec, "key")
        row = {"point": str(width), "stage": 0, "epochs": 1, "file": "n.safetensors"}
        write_table(pd.DataFrame([row]), folder / "networks.csv")
    return found


@pytest.mark.usefixtures("uncompiled")
def test_a_study_on_a_gpu_has_columns_of_its_own_and_one_on_the_cpu_has_none(
    measure_latency: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    folders: dict[str, Path],
    tmp_path: Path,
):
    monkeypatch.setattr(cuda_latency, "gpu_bench", lambda _compute: TWIN)
    measure_latency(QUICK, CPU, folders, tmp_path / "cpu.csv")
    measure_latency(QUICK, GPU, folders, tmp_path / "gpu.csv")
    before, after = (read_table(tmp_path / f"{name}.csv") for name in ("cpu", "gpu"))
    assert [name for name in before if name.startswith("cuda")] == []
    new = [f"cuda_{mode}_{part}_b{size}" for mode, size in MODES for part in PARTS]
    assert list(after) == [*before, "cuda_device", *new]
    assert set(after["cuda_device"]) == {"a twin"}
    for name in new:
        assert after[name].isna().all() == ("graph" in name), name


def test_medians_quartiles_and_ratios_are_those_of_runs_in_turns(
    monkeypatch: pytest.MonkeyPatch, uncompiled: None
):
    monkeypatch.setitem(cuda_latency.MODES, "graph", (eager_call, (1,)))
    Lasting.runs.clear()
    bench = Bench(torch.device("cpu"), its_clock, "a twin")
    row = measured(Lasting(6.0), Lasting(2.0), Latency(repeats=5, warmup=2), bench)
    for mode, size in MODES:
        found = [row[f"cuda_{mode}_{part}_b{size}"] for part in PARTS]
        assert found == pytest.approx([2.0 * size, 2.0 * size, 2.0 * size, 3.0])
    # Two warm-up runs of each, one that tells how long a run takes, then five turns to and fro.
    turns = [one for one, _rows in Lasting.runs[: 2 * (2 + 1 + 5)]]
    assert turns[:6] == [6, 6, 2, 2, 6, 2]
    assert turns[6:] == [6, 2, 2, 6, 6, 2, 2, 6, 6, 2]
    assert [rows for rows, _ in groupby(rows for _one, rows in Lasting.runs)] == [
        *(1, 64, 512),
        *(1, 64, 512),
        1,
    ]


@pytest.mark.usefixtures("uncompiled")
def test_quartiles_are_those_of_all_repeats():
    taken = iter([0.001, 0.001, *np.repeat([0.001, 0.002, 0.003, 0.004, 0.005], 2), *[1.0] * 999])
    bench = Bench(torch.device("cpu"), lambda _call, count: next(taken) * count, "a twin")
    row = measured(network(4), network(2), Latency(repeats=5, warmup=1), bench)
    assert [row[f"cuda_eager_{part}_b1"] for part in ("q1", "ms", "q3")] == pytest.approx([2, 3, 4])


def test_what_cannot_be_compiled_is_empty_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refused(_network: object, **_options: object) -> None:
        raise RuntimeError("no C compiler\n  in PATH")

    monkeypatch.setattr(torch, "compile", refused)
    with caplog.at_level(logging.WARNING):
        row = measured(network(4), network(2), QUICK, TWIN)
    for mode, size in MODES:
        for part in PARTS:
            assert np.isnan(row[f"cuda_{mode}_{part}_b{size}"]) == (mode != "eager")
    said = "cuda_compiled_ms_b64 is empty: RuntimeError: no C compiler in PATH"
    assert said in caplog.messages
    assert len(caplog.messages) == 4


@pytest.mark.parametrize("failing", BATCH_SIZES)
@pytest.mark.usefixtures("uncompiled")
def test_too_little_memory_leaves_a_size_empty_and_another_fault_ends_the_job(failing: int):
    def failed(error: Exception) -> Callable[[Call, int], float]:
        class Fails(nn.Module):
            def forward(self, rows: Tensor) -> Tensor:
                if len(rows) == failing:
                    raise error
                return rows

        return lambda: measured(network(4), Fails(), QUICK, TWIN)

    row = failed(torch.OutOfMemoryError("512 rows"))()
    assert [size for size in BATCH_SIZES if np.isnan(row[f"cuda_eager_ms_b{size}"])] == [failing]
    with pytest.raises(RuntimeError, match="illegal"):
        failed(RuntimeError("an illegal memory access"))()


def test_any_number_of_networks_of_one_class_is_compiled(monkeypatch: pytest.MonkeyPatch):
    # torch itself, without the machine code that takes its time.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    calls = [compiled_call(network(width), batch(1)) for width in range(1, 11)]
    assert [call().shape for call in calls] == [(1, 1)] * 10


def test_what_is_made_of_the_dense_network_is_made_once(monkeypatch: pytest.MonkeyPatch):
    compiled: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda one, **_options: compiled.append(one) or one)
    dense = network(4)
    measured_beside = beside(dense, batch, QUICK, TWIN)
    for own in (dense, network(2)):
        measured_beside(own)
    # At each of three sizes the dense one, and both networks beside it.
    assert len(compiled) == 3 * (1 + 2)


def test_networks_of_the_caller_stay_where_they_are(uncompiled: None):
    dense = network(4)
    second = Bench(torch.device("meta"), lambda _call, _count: 1.0, "another device")
    row = measured(dense, network(2), QUICK, second)
    assert row["cuda_eager_ratio_b1"] == 1.0
    assert {one.device.type for one in dense.parameters()} == {"cpu"}


@pytest.mark.gpu
@pytest.mark.skipif(missing_gpu() is not None, reason=str(missing_gpu()))
def test_a_gpu_times_every_mode():
    bench = gpu_bench(GPU)
    row = measured(network(24), network(8), Latency(repeats=5, warmup=3), bench)
    assert row["cuda_device"] == torch.cuda.get_device_name()
    for mode, size in MODES:
        low, middle, high = (row[f"cuda_{mode}_{part}_b{size}"] for part in ("q1", "ms", "q3"))
        assert 0 < low <= middle <= high, (mode, size)
        assert 0.2 < row[f"cuda_{mode}_ratio_b{size}"] < 5, (mode, size)
    # Launches are what small networks cost; a graph launches once.
    assert row["cuda_graph_ms_b1"] < row["cuda_eager_ms_b1"]


@pytest.mark.gpu
@pytest.mark.skipif(missing_gpu() is not None, reason=str(missing_gpu()))
def test_a_graph_and_a_compiled_network_compute_what_the_eager_one_does():
    own, inputs = network(8).cuda(), batch(1).cuda()
    expected = eager_call(own, inputs)()
    torch.testing.assert_close(compiled_call(own, inputs)(), expected)
    seen: list[Tensor] = []
    own.register_forward_hook(lambda _network, _inputs, output: seen.append(output))
    replay = cuda_latency.graph_call(own, inputs)
    with torch.inference_mode():
        seen[-1].zero_()
    replay()
    torch.testing.assert_close(seen[-1], expected)
