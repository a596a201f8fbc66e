"""Trading volume of the New York Stock Exchange, 1962 to 1986, as ISLP ships it.

The target is the logarithm of a day's volume relative to its recent mean; the inputs are volume,
return of the Dow Jones index and logarithm of its volatility on each of the five days before, as in
James et al. (2023), section 10.9.6. Days from 1980 on are the test rows.
"""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.reading import table
from prunestudy.data.sources import PyPI, packaged

LAGS = 5
SERIES = ("log_volume", "DJ_return", "log_volatility")


def _read(files: Files) -> Arrays:
    days = table(files["NYSE.csv"])
    values = days[list(SERIES)].to_numpy(np.float64)
    lagged = [values[LAGS - lag : len(values) - lag] for lag in range(1, LAGS + 1)]
    return Arrays(
        np.concatenate(lagged, axis=1).astype(np.float32),
        values[LAGS:, 0].astype(np.float32),
        test_rows=int((~days["train"]).sum()),
        time=np.arange(LAGS, len(values)),
    )


DATASET = Dataset(
    title="New York Stock Exchange, 6,046 days, 15 lagged values",
    scenario="finance",
    target="value",
    input_shape=(LAGS * len(SERIES),),
    members=(
        packaged(
            PyPI("islp", "0.6.0", "ISLP/data/NYSE.csv"),
            "4bb3e2e9872b2f7e6e8701afb8873cd9f4b7e66ee0b1ba62c116ff2b3a2eec60",
        ),
    ),
    read=_read,
    licence="BSD-3-Clause (ISLP)",
    citation="LeBaron & Weigend 1998, IEEE Transactions on Neural Networks 9; "
    "James et al. 2023, An Introduction to Statistical Learning",
)
