"""The file of prepared data: scaled by the training rows only, with what it says of itself."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from prunestudy.data.dataset import Arrays, Dataset
from prunestudy.store.files import canonical_json


def write_prepared(
    out: Path,
    name: str,
    dataset: Dataset,
    arrays: Arrays,
    rows: dict[str, np.ndarray],
    more: dict[str, Any],
) -> None:
    """Write the tensors of each part as one safetensors file.

    Args:
        name: of the data set.
        rows: row numbers of each part.
        more: what the file says besides.

    Raises:
        OSError: it cannot be written.
    """
    mean, deviation = scaling(arrays.inputs[rows["train"]])
    inputs = (arrays.inputs - mean) / deviation
    target_mean, target_deviation = 0.0, 1.0
    if dataset.target == "value":
        train = arrays.targets[rows["train"]].astype(np.float64)
        target_mean, target_deviation = float(train.mean()), float(train.std())
        values = (arrays.targets[:, None] - target_mean) / target_deviation
        targets = values.astype(np.float32)
    else:
        targets = arrays.targets.astype(np.int64)
    tensors = {}
    for part, chosen in rows.items():
        tensors[f"{part}.inputs"] = np.ascontiguousarray(inputs[chosen], dtype=np.float32)
        tensors[f"{part}.targets"] = np.ascontiguousarray(targets[chosen])
    description = {
        "dataset": name,
        "target": dataset.target,
        "classes": list(dataset.classes),
        "input_shape": list(inputs.shape[1:]),
        "outputs": len(dataset.classes) or 1,
        "rows": {part: len(chosen) for part, chosen in rows.items()},
        "input_mean": mean.ravel().tolist(),
        "input_deviation": deviation.ravel().tolist(),
        "target_mean": target_mean,
        "target_deviation": target_deviation,
        **more,
    }
    try:
        save_file(tensors, out, metadata={"prunestudy": canonical_json(description)})
    except SafetensorError as error:
        raise OSError(f"{out} cannot be written: {error}") from None


def scaling(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation that standardise inputs; a constant feature keeps deviation one."""
    axes = 0 if inputs.ndim == 2 else tuple(range(inputs.ndim))
    mean = inputs.mean(axis=axes, keepdims=True, dtype=np.float64)
    deviation = inputs.std(axis=axes, keepdims=True, dtype=np.float64)
    return mean, np.where(deviation > 0, deviation, 1.0)
