"""What encodings share: numbers standardised on training rows, and the categories there are."""

import numpy as np

from prunestudy.data.dataset import Columns, Widths


def standardised(
    columns: Columns, train: np.ndarray, known: np.ndarray
) -> tuple[list[np.ndarray], list[str]]:
    """Numeric columns by mean and deviation of the training rows, then where one is missing."""
    blocks: list[np.ndarray] = []
    names = list(columns.numeric)
    for values in columns.numeric.values():
        seen = values[train]
        seen = seen[~np.isnan(seen)]
        mean, deviation = (float(seen.mean()), float(seen.std())) if len(seen) else (0.0, 0.0)
        filled = np.where(np.isnan(values), mean, values)
        blocks.append((filled - mean) / (deviation if deviation > 0 else 1.0))
    for name in indicated(columns, known):
        blocks.append(np.isnan(columns.numeric[name]).astype(np.float64))
        names.append(f"{name} is missing")
    return blocks, names


def indicated(columns: Columns, known: np.ndarray) -> list[str]:
    """Numeric columns of which values are missing in the rows to train on."""
    return [name for name, values in columns.numeric.items() if np.isnan(values[known]).any()]


def categories_of(values: np.ndarray) -> list[str | None]:
    """The categories that there are, in order; a missing one is the last of them."""
    there: list[str | None] = [*sorted({str(one) for one in values if one is not None})]
    return [*there, None] if any(one is None for one in values) else there


def widths_of(columns: Columns, known: np.ndarray) -> Widths:
    """How wide columns are when encoded."""
    return Widths(
        len(columns.numeric) + len(indicated(columns, known)),
        tuple(len(categories_of(one[known])) for one in columns.categorical.values()),
        len(columns.text),
    )
