"""Bicycles rented in Washington in each hour of 2011 (Fanaee-T & Gama 2014), as ISLP ships it.

``casual`` and ``registered`` are left out: they add up to the target. Rows are split at random, as
is usual with it, so neighbouring hours of a day lie on both sides.
"""

import numpy as np

from prunestudy.data.dataset import Arrays, Columns, Dataset, Files, Widths
from prunestudy.data.reading import categorical, numeric, table
from prunestudy.data.sources import PyPI, packaged

NUMERIC = ("day", "holiday", "workingday", "temp", "atemp", "hum", "windspeed")
# Of numbers too: an hour of the day is no amount.
CATEGORIES = {"season": 4, "mnth": 12, "hr": 24, "weekday": 7, "weathersit": 4}


def _read(files: Files) -> Arrays:
    rows = table(files["Bikeshare.csv"])
    columns = Columns(numeric(rows, NUMERIC), categorical(rows, tuple(CATEGORIES)))
    return Arrays(columns, rows["bikers"].to_numpy(np.float32))


DATASET = Dataset(
    title="Bicycles rented in Washington, 8,645 hours of 2011, 12 measurements",
    scenario="regression",
    target="value",
    input_shape=(),
    members=(
        packaged(
            PyPI("islp", "0.6.0", "ISLP/data/Bikeshare.csv"),
            "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c",
        ),
    ),
    read=_read,
    inputs="mixed",
    widths=Widths(len(NUMERIC), tuple(CATEGORIES.values())),
    licence="CC BY 4.0",
    citation="Fanaee-T & Gama 2014, Progress in Artificial Intelligence 2; "
    "James et al. 2023, An Introduction to Statistical Learning",
    url="https://doi.org/10.24432/C5W894",
)
