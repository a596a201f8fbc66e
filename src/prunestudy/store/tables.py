"""Tables as CSV, and the names that they share."""

import io
import math
from pathlib import Path
from typing import IO

import pandas as pd

from prunestudy.store.guarded import Unreadable, read_bytes

# Columns of names, which may look like numbers.
TEXT = ("point", "task", "method", "layer", "criterion", "worst_class")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; floats in the shortest form that reads back the same."""
    table.to_csv(path, index=False, lineterminator="\n")


def read_table(file: Path | IO[bytes]) -> pd.DataFrame:
    """Read a table of ``write_table``; operating points and names stay text."""
    text_columns = dict.fromkeys(TEXT, "str")
    return pd.read_csv(file, dtype=text_columns, keep_default_na=False, na_values=[""])


def benchmark_seconds(path: Path) -> float | None:
    """What Snakemake measured of a job; none where it did not, or where nothing else fits."""
    try:
        seconds = float(pd.read_csv(io.BytesIO(read_bytes(path)), sep="\t")["s"].iloc[-1])
    except (Unreadable, ValueError, LookupError):
        return None
    return seconds if math.isfinite(seconds) else None
