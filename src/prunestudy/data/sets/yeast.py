"""Functional classes of yeast genes (Elisseeff & Weston 2001), several to each, from river."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers
from prunestudy.data.reading import gunzipped
from prunestudy.data.sources import PyPI, packaged

FEATURES, LABELS = 103, 14


def _read(files: Files) -> Arrays:
    rows = numbers(gunzipped(files["yeast.csv.gz"]), ",", skip=1)
    inputs, targets = np.split(rows.astype(np.float32), [FEATURES], axis=1)
    return Arrays(inputs, targets)


DATASET = Dataset(
    title="Yeast genes, 2,417 genes, 103 measurements, 14 labels",
    scenario="several tasks",
    target="labels",
    input_shape=(FEATURES,),
    members=(
        packaged(
            PyPI("river", "0.26.1", "river/datasets/yeast.csv.gz"),
            "2969cb4bab877a27adcbe17871fa0b378a1e54b98816cd6106b542ee450a1c09",
        ),
    ),
    read=_read,
    classes=tuple(f"class {number}" for number in range(1, LABELS + 1)),
    licence="BSD-3-Clause (river)",
    citation="Elisseeff & Weston 2001, NeurIPS",
)
