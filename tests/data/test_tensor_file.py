"""Tensors in a file: the bytes of safetensors itself, piece by piece, read without being held."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from prunestudy.data import prepared_file
from prunestudy.data.prepared_file import scaling
from prunestudy.data.tensor_file import Pieces, map_tensors, write_tensors


def test_the_bytes_are_those_of_safetensors(tmp_path: Path):
    rng = np.random.default_rng(0)
    tensors = {
        "train.targets": rng.integers(0, 9, 7),
        "train.inputs": rng.normal(size=(7, 3)).astype(np.float32),
        "test.inputs": np.zeros((0, 3), np.float32),
        "alone": np.float32([4]),
    }
    metadata = {"prunestudy": '{"name":"größe \\" \\\\ \\u0001","tab":"\t"}'}
    save_file(tensors, tmp_path / "whole", metadata)
    pieces = {
        name: Pieces(tensor.dtype, tensor.shape, [tensor[:2], tensor[2:]])
        for name, tensor in tensors.items()
    }
    write_tensors(tmp_path / "pieces", pieces, metadata)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    found, told = map_tensors(tmp_path / "pieces", ["train.inputs", "train.targets"])
    assert told == metadata
    assert (found[0] == tensors["train.inputs"]).all()
    assert (found[1] == tensors["train.targets"]).all()


@pytest.mark.parametrize("shape", [(1_000, 3), (1_000, 1, 2, 3)], ids=["numbers", "images"])
def test_pieces_are_scaled_as_the_whole(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch):
    inputs = np.random.default_rng(0).normal(3, 2, shape).astype(np.float32)
    rows = np.arange(0, 1_000, 2)
    axes = 0 if len(shape) == 2 else None
    whole = scaling(inputs, rows)
    assert (whole[0].ravel() == inputs[rows].mean(axes, np.float64)).all()
    assert (whole[1].ravel() == inputs[rows].std(axes, np.float64)).all()
    monkeypatch.setattr(prepared_file, "PIECE", 1_000)
    for found, expected in zip(scaling(inputs, rows), whole, strict=True):
        assert found == pytest.approx(expected, rel=1e-12)


def test_mapped_rows_are_not_the_jobs_memory(tmp_path: Path):
    size = 2**24
    ones = np.ones(size, np.float32)
    write_tensors(tmp_path / "file", {"a": Pieces(ones.dtype, ones.shape, [ones])}, {})
    del ones

    def held(field: str) -> int:
        text = Path("/proc/self/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) * 1024

    before = {field: held(field) for field in ("RssAnon", "VmData")}
    (tensor,), _metadata = map_tensors(tmp_path / "file", ["a"])
    assert torch.as_tensor(np.asarray(tensor)).sum() == size
    for field, bytes_before in before.items():
        assert held(field) - bytes_before < size
