"""Words of a text as indices, of those that are frequent in the training rows."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from prunestudy.data.dataset import TOKENS, WORDS, Columns
from prunestudy.data.settings import Data
from prunestudy.errors import StudyError

PADDING, UNKNOWN = 0, 1
RESERVED = 2
WORD = re.compile(r"\w+(?:['’]\w+)*")
# What a text may take of memory while it is looked at: few words are longer than this.
LONGEST_WORD = 64


def words_of(text: str) -> Iterator[str]:
    """The words of a text in lower case, one after the other; marks between them go."""
    for found in WORD.finditer(text):
        yield found[0][:LONGEST_WORD].lower()


def vocabulary_of(texts: Iterable[str], most: int) -> list[str]:
    """The most frequent words, at most so many; equally frequent ones in alphabetical order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    return sorted(counts, key=lambda word: (-counts[word], word))[:most]


def indices_of(texts: Iterable[str], words: list[str], most: int) -> np.ndarray:
    """The first words of each text as int64 indices, texts × ``most``.

    0 is padding behind a text that ends before, 1 a word that is not among ``words``; these follow
    from 2 on.
    """
    places = {word: place for place, word in enumerate(words, start=RESERVED)}
    rows = [
        np.fromiter((places.get(word, UNKNOWN) for word in islice(words_of(text), most)), np.int64)
        for text in texts
    ]
    found = np.full((len(rows), most), PADDING, dtype=np.int64)
    for row, indices in zip(found, rows, strict=True):
        row[: len(indices)] = indices
    return found


def encode(
    columns: Columns, train: np.ndarray, _known: np.ndarray, data: Data
) -> tuple[np.ndarray, dict[str, Any]]:
    """The one column of text as indices of words, and the words, which a deployment needs.

    With folds a network has a place for as many words as may be known, however few a fold's
    training rows have, so that networks of all seeds have one shape.

    Args:
        train: rows whose words are known.

    Raises:
        StudyError: there is another column than one of text, or no word.
    """
    others = [*columns.numeric, *columns.categorical]
    if len(columns.text) != 1 or others:
        names = [*columns.text, *others]
        raise StudyError(
            f"a network for text reads one column of text and nothing else, the data have "
            f"{len(names)} columns ({', '.join(names[:10])}); set the others to ignore in "
            "data.columns"
        )
    [(name, texts)] = columns.text.items()
    most = data.vocabulary or WORDS
    words = vocabulary_of((str(texts[row]) for row in train), most)
    if not words:
        raise StudyError(f"column '{name}' has no word in the training rows")
    found = indices_of(map(str, texts), words, data.max_tokens or TOKENS)
    places = most if data.split.folds else len(words)
    return found, {"vocabulary": RESERVED + places, "words": words}
