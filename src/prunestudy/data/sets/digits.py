"""Handwritten digits (Alpaydin & Kaynak 1998, test part), as scikit-learn ships them."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers, scikit_learn


def _read(files: Files) -> Arrays:
    rows = numbers(files["digits.csv"], ",")
    images = rows[:, :-1].reshape(-1, 1, 8, 8)
    return Arrays(images.astype(np.float32), rows[:, -1].astype(np.int64))


DATASET = Dataset(
    title="Handwritten digits, 1,797 images of 8×8",
    scenario="images",
    target="class",
    input_shape=(1, 8, 8),
    members=(
        scikit_learn(
            "digits.csv.gz",
            "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
        ),
    ),
    read=_read,
    classes=tuple("0123456789"),
    inputs="images",
    licence="CC BY 4.0",
    citation="Alpaydin & Kaynak 1998, UCI Machine Learning Repository",
    url="https://doi.org/10.24432/C50P49",
)
