"""Texts as indices of words."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from prunestudy.data.dataset import Arrays, Columns, Dataset
from prunestudy.data.encoding.tokens import encode, indices_of, vocabulary_of, words_of
from prunestudy.data.prepared_file import write_prepared
from prunestudy.data.settings import Data
from prunestudy.data.tensors import read_prepared
from prunestudy.errors import StudyError

TEXTS = ["The cat, the CAT; isn't it?", "a dog", "", "The dog's cat – über 2 dogs"]


def columns(*texts: str) -> Columns:
    """One column of text."""
    return Columns(text={"note": np.array(texts, dtype=object)})


def told(**more: int) -> Data:
    """Settings of some data."""
    return Data.model_validate({"name": "wdbc", **more})


def test_words_are_in_lower_case_without_marks():
    assert list(words_of(TEXTS[0])) == ["the", "cat", "the", "cat", "isn't", "it"]
    assert list(words_of(TEXTS[3])) == ["the", "dog's", "cat", "über", "2", "dogs"]
    assert list(words_of("x" * 10_000)) == ["x" * 64]


def test_frequent_words_come_first_and_equal_ones_by_the_alphabet():
    assert vocabulary_of(TEXTS, 4) == ["cat", "the", "2", "a"]
    assert vocabulary_of(reversed(TEXTS), 4) == ["cat", "the", "2", "a"]


def test_a_text_is_cut_padded_and_knows_no_other_words():
    found = indices_of(["the cat sat on the cat", "cat", ""], ["the", "cat"], 4)
    assert found.dtype == np.int64
    assert found.tolist() == [[2, 3, 1, 1], [3, 0, 0, 0], [0, 0, 0, 0]]


@settings(max_examples=25)
@given(
    st.lists(st.text("aB ’1-é", max_size=20), min_size=1, max_size=5),
    st.integers(1, 6),
    st.integers(1, 5),
)
def test_every_index_is_of_the_vocabulary(texts: list[str], most: int, length: int):
    words = vocabulary_of(texts, most)
    assert len(set(words)) == len(words) <= most
    found = indices_of(texts, words, length)
    assert found.shape == (len(texts), length)
    assert 0 <= found.min() <= found.max() < 2 + len(words)
    # Padding lies behind the words alone.
    assert (np.diff((found == 0).astype(int), axis=1) >= 0).all()


def test_words_are_those_of_the_training_rows_and_are_kept_for_deployment(tmp_path: Path):
    texts = columns(*["good film"] * 6, *["bad film"] * 4, "unheard words")
    arrays = Arrays(texts, np.array([0] * 6 + [1] * 5))
    rows = {"train": np.arange(8), "validation": np.array([8, 9]), "test": np.array([10])}
    dataset = Dataset("reviews", "class", (2,), (), lambda _: arrays, ("bad", "good"))
    out = tmp_path / "prepared"
    write_prepared(out, told(vocabulary=2, max_tokens=3), "tokens", dataset, arrays, rows, {})
    prepared = read_prepared(out)
    assert prepared.description["words"] == ["film", "good"]
    assert prepared.description["vocabulary"] == 4
    assert prepared.input_shape == (3,)
    assert prepared.train.inputs[0].tolist() == [3, 2, 0]
    assert prepared.validation.inputs.tolist() == [[1, 2, 0]] * 2
    with safe_open(out, framework="np") as file:
        assert file.get_tensor("test.inputs").tolist() == [[1, 1, 0]]
        assert "input_mean" not in json.loads(file.metadata()["prunestudy"])


def test_what_is_not_one_column_of_text_is_a_sentence():
    rows = np.arange(1)
    more = Columns({"age": np.ones(1)}, {}, columns("a").text)
    with pytest.raises(StudyError, match="nothing else, the data have 2 columns"):
        encode(more, rows, rows, told())
    with pytest.raises(StudyError, match="'note' has no word in the training rows"):
        encode(columns("...", "word"), rows, rows, told())
