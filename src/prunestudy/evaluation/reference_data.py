"""What a reference learns from and is judged on: the rows of the networks, as it reads them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open

from prunestudy.data.dataset import Arrays, Columns, dataset_of
from prunestudy.data.folds import fold_rows
from prunestudy.data.prepare import contents_of, split_rows
from prunestudy.data.prepared_file import ENCODING
from prunestudy.data.settings import Data, Kind
from prunestudy.evaluation.references.settings import Reads
from prunestudy.settings.parts import load_part

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class ReferenceRows:
    """Rows of one part.

    Attributes:
        inputs: float32 rows × features, or texts.
        targets: as networks have them.
    """

    inputs: np.ndarray
    targets: np.ndarray

    @property
    def plain_targets(self) -> np.ndarray:
        """The targets as scikit-learn takes them; values without their dimension of one."""
        is_column = self.targets.ndim == 2 and self.targets.shape[1] == 1
        return self.targets[:, 0] if is_column else self.targets


@dataclass(frozen=True)
class ReferenceData:
    """Every part of a task's data.

    Attributes:
        outputs: of the task's networks.
    """

    parts: dict[str, ReferenceRows]
    target: Kind
    outputs: int


def read_reference_data(
    data: Data, reads: Reads, prepared: Path, raw: Path | None, place: tuple[int, int] | None
) -> ReferenceData:
    """The rows that the prepared data of a task hold.

    Columns are read anew, since a network may read them as no other model can: as places of words
    or of categories. Everything else is what the networks read, a row of numbers each.

    Args:
        raw: the folder of the fetched data set; none of the user's own data.
        place: repeat and fold that the prepared data are of, from 0; none of one split.
    """
    with safe_open(prepared, framework="np") as file:
        said = json.loads(file.metadata()["prunestudy"])
        targets = {part: file.get_tensor(f"{part}.targets") for part in PARTS}
        if dataset_of(data).widths is None:
            inputs = {part: _flat(file.get_tensor(f"{part}.inputs")) for part in PARTS}
        else:
            inputs = _read_anew(data, reads, raw, place)
    parts = {part: ReferenceRows(inputs[part], targets[part]) for part in PARTS}
    return ReferenceData(parts, said["target"], said["outputs"])


def _flat(inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(len(inputs), -1)


def _read_anew(
    data: Data, reads: Reads, raw: Path | None, place: tuple[int, int] | None
) -> dict[str, np.ndarray]:
    dataset = dataset_of(data)
    arrays = dataset.read(contents_of(raw))
    if place is None:
        rows = split_rows(arrays, dataset, data)
    else:
        rows = fold_rows(arrays, dataset, data, *place)
    found = _texts(arrays) if reads == "text" else _numbers(arrays, rows, data)
    return {part: found[rows[part]] for part in PARTS}


def _texts(arrays: Arrays) -> np.ndarray:
    assert isinstance(arrays.inputs, Columns), "that there are texts is checked before"
    columns = [column.tolist() for column in arrays.inputs.text.values()]
    return np.array([" ".join(texts) for texts in zip(*columns, strict=True)], object)


def _numbers(arrays: Arrays, rows: dict[str, np.ndarray], data: Data) -> np.ndarray:
    known = np.arange(len(arrays.targets)) if data.split.folds else rows["train"]
    encoded: np.ndarray
    encoded, _said = load_part(ENCODING, "numbers").encode(
        arrays.inputs, rows["train"], known, data
    )
    return encoded
