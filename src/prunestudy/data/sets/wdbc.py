"""Breast cancer Wisconsin, diagnostic (Street et al. 1993), as scikit-learn ships it."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers, scikit_learn


def _read(files: Files) -> Arrays:
    rows = numbers(files["breast_cancer.csv"], ",", skip=1)
    return Arrays(rows[:, :-1].astype(np.float32), rows[:, -1].astype(np.int64))


DATASET = Dataset(
    title="Breast cancer Wisconsin (diagnostic), 569 patients, 30 measurements",
    scenario="medicine",
    target="class",
    input_shape=(30,),
    members=(
        scikit_learn(
            "breast_cancer.csv",
            "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
        ),
    ),
    read=_read,
    classes=("malignant", "benign"),
    licence="CC BY 4.0",
    citation="Wolberg et al. 1995, UCI Machine Learning Repository",
    url="https://doi.org/10.24432/C5DW2B",
)
