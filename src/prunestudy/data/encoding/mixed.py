"""Columns as numbers and the places of categories, for networks that embed these."""

from typing import Any

import numpy as np

from prunestudy.data.column_values import categories_of, standardised
from prunestudy.data.dataset import Columns
from prunestudy.data.settings import Data
from prunestudy.errors import StudyError


def encode(
    columns: Columns, train: np.ndarray, known: np.ndarray, _data: Data
) -> tuple[np.ndarray, dict[str, Any]]:
    """Inputs, float32 n × features: numeric columns, then the place of each category from 1.

    A category that no row to train on has is 0, and so is a missing one where none of them is
    missing. ``categories`` of what is said are how many places each has, 0 included.

    Raises:
        StudyError: there are texts, which have no place.
    """
    if columns.text:
        raise StudyError(
            f"the network reads no texts, and {', '.join(columns.text)} are; say ignore in "
            "data.columns, or take another network"
        )
    blocks, names = standardised(columns, train, known)
    counts = []
    for name, values in columns.categorical.items():
        found = categories_of(values[known])
        place = {category: number for number, category in enumerate(found, 1)}
        blocks.append(np.array([place.get(one, 0) for one in values], dtype=np.float32))
        names.append(name)
        counts.append(len(found) + 1)
    said: dict[str, Any] = {"columns": names}
    if counts:
        said["categories"] = counts
    return np.stack(blocks, axis=1).astype(np.float32), said
