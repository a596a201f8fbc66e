"""The file of prepared data: scaled by the training rows only, with what it says of itself."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from prunestudy.data.dataset import Arrays, Columns, Dataset
from prunestudy.data.settings import Data
from prunestudy.settings.parts import load_part
from prunestudy.store.files import canonical_json

ENCODING = "prunestudy.data.encoding"


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
        OSError: it cannot be written.
    """
    inputs, said = _encoded(arrays.inputs, rows, data, reads)
    target_mean, target_deviation = 0.0, 1.0
    if dataset.target == "value":
        train = arrays.targets[rows["train"]].astype(np.float64)
        target_mean, target_deviation = float(train.mean()), float(train.std())
        values = (arrays.targets[:, None] - target_mean) / target_deviation
        targets = values.astype(np.float32)
    else:
        kind = np.int64 if dataset.target == "class" else np.float32
        targets = arrays.targets.astype(kind)
    tensors = {}
    for part, chosen in rows.items():
        tensors[f"{part}.inputs"] = np.ascontiguousarray(inputs[chosen])
        tensors[f"{part}.targets"] = np.ascontiguousarray(targets[chosen])
    description = {
        "dataset": data.called,
        "target": dataset.target,
        "classes": list(dataset.classes),
        "input_shape": list(inputs.shape[1:]),
        "outputs": dataset.outputs,
        "rows": {part: len(chosen) for part, chosen in rows.items()},
        **said,
        "target_mean": target_mean,
        "target_deviation": target_deviation,
        **more,
    }
    try:
        save_file(tensors, out, metadata={"prunestudy": canonical_json(description)})
    except SafetensorError as error:
        raise OSError(f"{out} cannot be written: {error}") from None


def _encoded(
    inputs: np.ndarray | Columns, rows: dict[str, np.ndarray], data: Data, reads: str
) -> tuple[np.ndarray, dict[str, Any]]:
    """Inputs as a network reads them, fitted on the training rows, and what is said of them."""
    if isinstance(inputs, Columns):
        # With folds every row is a training row of some seed, and all seeds have one input shape.
        known = np.arange(sum(map(len, rows.values()))) if data.split.folds else rows["train"]
        found: tuple[np.ndarray, dict[str, Any]] = load_part(ENCODING, reads).encode(
            inputs, rows["train"], known, data
        )
        return found
    mean, deviation = scaling(inputs[rows["train"]])
    scaled = ((inputs - mean) / deviation).astype(np.float32)
    said = {"input_mean": mean.ravel().tolist(), "input_deviation": deviation.ravel().tolist()}
    return scaled, said


def scaling(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation that standardise inputs; a constant feature keeps deviation one."""
    axes = 0 if inputs.ndim == 2 else tuple(range(inputs.ndim))
    mean = inputs.mean(axis=axes, keepdims=True, dtype=np.float64)
    deviation = inputs.std(axis=axes, keepdims=True, dtype=np.float64)
    return mean, np.where(deviation > 0, deviation, 1.0)
