"""Segments of outdoor scenes (Vision group, University of Massachusetts, 1990), from river.

A tenth of its 2,310 patches repeat others; those are left out, so that none is learned and tested.
"""

import io
import zipfile

import numpy as np

from prunestudy.data.archives import unzipped
from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.reading import classes, table
from prunestudy.data.sources import PyPI, packaged

FILE = "segment.csv.zip"
CLASSES = ("brickface", "sky", "foliage", "cement", "window", "path", "grass")


def _read(files: Files) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(files[FILE])) as archive:
        # Its one member has the name of the archive.
        rows = table(unzipped(archive, FILE)).drop_duplicates(ignore_index=True)
    inputs = rows.drop(columns="category").to_numpy(np.float32)
    return Arrays(inputs, classes(rows["category"], CLASSES))


DATASET = Dataset(
    title="Segments of outdoor scenes, 2,086 different patches, 18 measurements",
    scenario="driving",
    target="class",
    input_shape=(18,),
    members=(
        packaged(
            PyPI("river", "0.26.1", f"river/datasets/{FILE}"),
            "91e4402efcb6f6a4087e4bcfcd074976dd8e48819d290f45bae6bd652bd16d75",
        ),
    ),
    read=_read,
    classes=CLASSES,
    licence="CC BY 4.0",
    citation="Image Segmentation 1990, UCI Machine Learning Repository",
    url="https://doi.org/10.24432/C5GP4N",
)
