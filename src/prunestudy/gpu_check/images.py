"""Images of 32 × 32 as a residual network for small images takes them."""

import numpy as np
import torch
from torch import Tensor

from prunestudy.data.dataset import find_dataset
from prunestudy.data.prepared_file import scaling
from prunestudy.data.tensors import Prepared, Split
from prunestudy.errors import StudyError

SIZE = 32
# Of a smaller set each is taken several times: an epoch shall have many steps, as real ones do.
ROWS = 10_000
VALIDATION = 1_000
# Fashion-MNIST where its files are there; digits come with scikit-learn.
SETS = ("fashion_mnist", "digits")


def images() -> tuple[str, Prepared]:
    """What the images are, and the images themselves, standardised."""
    for name in SETS:
        dataset = find_dataset(name)
        try:
            files = {member.name: member.fetch()[0] for member in dataset.members}
        except StudyError:
            if name == SETS[-1]:
                raise
            continue
        arrays = dataset.read(files)
        assert isinstance(arrays.inputs, np.ndarray), "images are no columns"
        chosen = np.arange(ROWS) % len(arrays.targets)
        inputs, how = enlarged(arrays.inputs[chosen])
        mean, deviation = scaling(inputs)
        rows = torch.from_numpy((inputs - mean) / deviation).float()
        targets = torch.from_numpy(arrays.targets[chosen])
        description = {"input_shape": list(rows.shape[1:]), "outputs": len(dataset.classes)}
        parts = [_split(rows, targets, place) for place in (slice(VALIDATION, None), VALIDATION)]
        told = f"{dataset.title.partition(',')[0]}, {ROWS} rows, {how} to {SIZE} × {SIZE}"
        return told, Prepared(parts[0], parts[1], description)
    raise StudyError("there are no images")


def _split(rows: Tensor, targets: Tensor, place: slice | int) -> Split:
    chosen = place if isinstance(place, slice) else slice(place)
    return Split(rows[chosen].contiguous(), targets[chosen].contiguous())


def enlarged(inputs: np.ndarray) -> tuple[np.ndarray, str]:
    """Images as large as wanted: each pixel repeated as often as fits, then a border of zeros."""
    factor = SIZE // inputs.shape[-1]
    wide = inputs.repeat(factor, axis=2).repeat(factor, axis=3)
    border = [(0, 0), (0, 0)]
    for side in wide.shape[2:]:
        before = (SIZE - side) // 2
        border.append((before, SIZE - side - before))
    return np.pad(wide, border), "enlarged" if factor > 1 else "padded"
