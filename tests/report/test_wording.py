"""How numbers are written, where that could contradict what they say."""

import pytest

from prunestudy.report import wording


@pytest.mark.parametrize(
    ("value", "write", "text"),
    [
        (1.004, wording.ratio, "1.004×"),
        (0.99996, wording.ratio, "0.99996×"),
        (1.02, wording.ratio, "1.02×"),
        (1.0, wording.ratio, "1.00×"),
        (0.0002, wording.change, "+0.0002"),
        (-0.00004, wording.change, f"{wording.MINUS}0.00004"),
        (0.0, wording.change, "0.000"),
        (0.012, wording.change, "+0.012"),
    ],
)
def test_an_end_of_an_interval_does_not_read_as_none_where_it_is_not(value, write, text) -> None:
    assert wording.bound(value, write) == text


def test_a_commit_keeps_that_it_was_edited() -> None:
    assert wording.commit("a" * 40) == "a" * 12
    assert wording.commit("a" * 40 + "-dirty") == "a" * 12 + "-dirty"
