"""The file of prepared data: scaled by the training rows only, with what it says of itself."""

import json
from collections.abc import Callable, Iterator
from functools import reduce
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from prunestudy.data.dataset import Arrays, Columns, Dataset
from prunestudy.data.settings import Data
from prunestudy.data.tensor_file import Pieces, write_tensors
from prunestudy.errors import StudyError
from prunestudy.settings.parts import load_part
from prunestudy.store.files import canonical_json

ENCODING = "prunestudy.data.encoding"
FLOAT = 4
# Bytes of the rows that are in memory at once; the sums of a smaller set are taken in one piece.
PIECE = 2**28


def write_prepared(
    out: Path,
    data: Data,
    reads: str,
    dataset: Dataset,
    arrays: Arrays,
    rows: dict[str, np.ndarray],
    more: dict[str, Any],
) -> None:
    """Write the tensors of each part as one safetensors file.

    Args:
        reads: how the architecture reads columns.
        rows: row numbers of each part.
        more: what the file says besides.

    Raises:
        StudyError: all training rows have one value as their target.
        OSError: it cannot be written.
    """
    shape, pieces, said = _encoded(arrays.inputs, rows, data, reads)
    target_mean, target_deviation = 0.0, 1.0
    if dataset.target == "value":
        train = arrays.targets[rows["train"]].astype(np.float64)
        if train.min() == train.max():
            # By its rows: rounded means leave a constant a deviation that is not quite zero.
            raise StudyError(
                f"data.split: the target of '{data.called}' is {train[0]:g} in each of the "
                f"{len(train):,} training rows, so there is nothing to learn; change split, or "
                "what divides the rows"
            )
        target_mean, target_deviation = float(train.mean()), float(train.std())
        values = (arrays.targets[:, None] - target_mean) / target_deviation
        targets = values.astype(np.float32)
    else:
        kind = np.int64 if dataset.target == "class" else np.float32
        targets = arrays.targets.astype(kind)
    tensors = {}
    for part, chosen in rows.items():
        tensors[f"{part}.inputs"] = pieces(chosen)
        tensors[f"{part}.targets"] = _whole(targets[chosen])
    description = {
        "dataset": data.called,
        "target": dataset.target,
        "classes": list(dataset.classes),
        "input_shape": list(shape),
        "outputs": dataset.outputs,
        "rows": {part: len(chosen) for part, chosen in rows.items()},
        **said,
        "target_mean": target_mean,
        "target_deviation": target_deviation,
        **more,
    }
    write_tensors(out, tensors, {"prunestudy": canonical_json(description)})


def description_of(path: Path) -> dict[str, Any]:
    """What a file says of itself."""
    with safe_open(path, framework="np") as file:
        found: dict[str, Any] = json.loads(file.metadata()["prunestudy"])
    return found


Encoded = tuple[tuple[int, ...], Callable[[np.ndarray], Pieces], dict[str, Any]]


def _encoded(
    inputs: np.ndarray | Columns, rows: dict[str, np.ndarray], data: Data, reads: str
) -> Encoded:
    """Inputs as a network reads them, fitted on the training rows: their shape, those of some rows,
    and what is said of them."""
    if isinstance(inputs, Columns):
        # With folds every row is a training row of some seed, and all seeds have one input shape.
        known = np.arange(sum(map(len, rows.values()))) if data.split.folds else rows["train"]
        encoding = load_part(ENCODING, reads)
        encoded, told = encoding.encode(inputs, rows["train"], known, data)
        return encoded.shape[1:], lambda chosen: _whole(encoded[chosen]), told
    mean, deviation = scaling(inputs, rows["train"])
    shape = inputs.shape[1:]

    def pieces(chosen: np.ndarray) -> Pieces:
        scaled = _standardised(inputs, chosen, mean, deviation)
        return Pieces(np.dtype(np.float32), (len(chosen), *shape), scaled)

    said = {"input_mean": mean.ravel().tolist(), "input_deviation": deviation.ravel().tolist()}
    return shape, pieces, said


def _whole(tensor: np.ndarray) -> Pieces:
    return Pieces(tensor.dtype, tensor.shape, [tensor])


def scaling(inputs: np.ndarray, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation that standardise inputs; a constant feature keeps deviation one.

    Args:
        rows: the rows that count (none: all).
    """
    rows = np.arange(len(inputs)) if rows is None else rows
    axes = 0 if inputs.ndim == 2 else tuple(range(inputs.ndim))
    pieces = _pieces(inputs, rows)
    count = len(rows) * prod(inputs.shape[1:] if inputs.ndim > 2 else ())

    def total(of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        sums = (of(inputs[some]).sum(axes, np.float64, keepdims=True) for some in pieces)
        return reduce(np.add, sums) / count

    mean = total(lambda some: some)
    deviation = np.sqrt(total(lambda some: np.square(some - mean)))
    return mean, np.where(deviation > 0, deviation, 1.0)


def _standardised(
    inputs: np.ndarray, rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray
) -> Iterator[np.ndarray]:
    for some in _pieces(inputs, rows):
        scaled = inputs[some] - mean
        scaled /= deviation
        yield scaled.astype(np.float32)


def _pieces(inputs: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Row numbers, some at a time."""
    size = max(1, PIECE // (FLOAT * prod(inputs.shape[1:])))
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]
