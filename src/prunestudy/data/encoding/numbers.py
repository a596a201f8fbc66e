"""Columns as numbers: standardised, one-hot, and texts by TF–IDF (Salton & Buckley 1988)."""

from typing import Any

import numpy as np

from prunestudy.data.column_values import categories_of, standardised
from prunestudy.data.dataset import TERMS, Columns
from prunestudy.data.settings import Data


def encode(
    columns: Columns, train: np.ndarray, known: np.ndarray, data: Data
) -> tuple[np.ndarray, dict[str, Any]]:
    """Inputs, float32 n × features, and what is said of them.

    Numeric columns are standardised; a missing value is the training mean, and a column of 0 and 1
    says where. A category has a column of 0 and 1, a missing value is one of them; a category that
    no row to train on has is 0 in all. A text has ``data.vocabulary`` columns.

    Args:
        train: rows that values are fitted on.
        known: rows whose categories have a column.
    """
    blocks, names = standardised(columns, train, known)
    for name, values in columns.categorical.items():
        for category in categories_of(values[known]):
            blocks.append((values == category).astype(np.float32))
            names.append(f"{name} = {'missing' if category is None else category}")
    for name, texts in columns.text.items():
        terms, weights = _terms(texts, train, data.vocabulary or TERMS)
        blocks += list(weights.T)
        names += [f"{name}: {term}" for term in terms]
    return np.stack(blocks, axis=1).astype(np.float32), {"columns": names}


def _terms(texts: np.ndarray, train: np.ndarray, most: int) -> tuple[list[str], np.ndarray]:
    """Weights of the most frequent terms of the training texts, n × ``most``; the rest is 0."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = np.zeros((len(texts), most), dtype=np.float32)
    fitted = TfidfVectorizer(max_features=most, dtype=np.float32)
    try:
        fitted.fit(texts[train])
    except ValueError:
        # No word in any of them.
        return [""] * most, weights
    terms = [str(one) for one in fitted.get_feature_names_out()]
    weights[:, : len(terms)] = fitted.transform(texts).toarray()
    return terms + [""] * (most - len(terms)), weights
