"""How the files of data sets are read: tables with names of columns, and compressed files."""

import gzip
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from prunestudy.data.archives import MOST_BYTES

if TYPE_CHECKING:
    import pandas as pd


def table(content: bytes) -> "pd.DataFrame":
    """A CSV file; empty fields are missing, and no word is."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])


def numeric(rows: "pd.DataFrame", names: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns of numbers, with NaN where one is missing."""
    return {name: rows[name].to_numpy(np.float64) for name in names}


def categorical(rows: "pd.DataFrame", names: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns of categories as texts, with None where one is missing."""
    return {name: texts(rows[name]) for name in names}


def texts(column: "pd.Series[str]") -> np.ndarray:
    """A column as objects: texts, with None where one is missing."""
    missing = column.isna().to_numpy()
    found = np.array(column.astype(str), dtype=object)
    found[missing] = None
    return found


def classes(column: "pd.Series[str]", names: Sequence[str]) -> np.ndarray:
    """Class numbers of a column of their names; each name is known, since the file's digest is."""
    return np.array([names.index(str(name)) for name in column], np.int64)


def gunzipped(content: bytes) -> bytes:
    """What a gzip file holds.

    Raises:
        OSError, EOFError, zlib.error: it is none, or not whole, or larger than any data set here.
    """
    with gzip.open(io.BytesIO(content)) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise OSError(f"it is larger than {MOST_BYTES:,} bytes")
    return found
