"""Diabetes progression (Efron et al. 2004), as scikit-learn ships it."""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers, scikit_learn


def _read(files: Files) -> Arrays:
    inputs = numbers(files["diabetes_data_raw.csv"])
    targets = numbers(files["diabetes_target.csv"])
    return Arrays(inputs.astype(np.float32), targets.astype(np.float32))


DATASET = Dataset(
    title="Diabetes progression, 442 patients, 10 measurements",
    scenario="regression",
    target="value",
    input_shape=(10,),
    members=(
        scikit_learn(
            "diabetes_data_raw.csv.gz",
            "86badf50b4f9436ddd1e497dc0ae1b93166f8120221ee7dca4634fe849f3be7c",
        ),
        scikit_learn(
            "diabetes_target.csv.gz",
            "244713a551f62a291a354212d8a048adec6cb1244b2bc44e66a0698f5006d26d",
        ),
    ),
    read=_read,
    licence="not stated; shipped with scikit-learn",
    citation="Efron et al. 2004, Annals of Statistics 32",
)
