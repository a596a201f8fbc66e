"""Latency: every network of a cell beside its dense one."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from prunestudy.artifacts import read_table, write_table
from prunestudy.evaluation.latency import measure_latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.params import Latency


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
