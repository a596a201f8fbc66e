"""How numbers are written, where that could contradict what they say."""

import pytest

from prunestudy.report import formatting
from prunestudy.report.blocks import Table


@pytest.mark.parametrize(
    ("value", "write", "text"),
    [
        (1.004, formatting.ratio, "1.004×"),
        (0.99996, formatting.ratio, "0.99996×"),
        (1.02, formatting.ratio, "1.02×"),
        (1.0, formatting.ratio, "1.00×"),
        (0.00002, formatting.change, "+0.00002"),
        (-0.00004, formatting.change, f"{formatting.MINUS}0.00004"),
        (0.0, formatting.change, "0.0000"),
        (0.012, formatting.change, "+0.0120"),
    ],
)
def test_an_end_of_an_interval_does_not_read_as_none_where_it_is_not(value, write, text) -> None:
    assert formatting.bound(value, write) == text


def test_a_commit_keeps_that_it_was_edited() -> None:
    assert formatting.commit("a" * 40) == "a" * 12
    assert formatting.commit("a" * 40 + "-dirty") == "a" * 12 + "-dirty"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9996, "1.00"), (0.9994, "0.999"), (9.996, "10.0"), (99.96, "100"), (0.0484, "0.0484")],
)
def test_three_digits_are_three_after_rounding_too(value: float, text: str) -> None:
    assert formatting.significant(value) == text


def test_runs_of_rows_with_one_first_cell_are_groups() -> None:
    rows = tuple((name, "1") for name in "aabba")
    assert Table("", ("name", "n"), rows).ends == (False, True, False, True, False)
    alone = tuple((name, "1") for name in "abc")
    assert Table("", ("name", "n"), alone).ends == (False, False, False)
    assert Table("", ("name", "n"), ()).ends == ()


def test_versions_and_names_are_no_numbers() -> None:
    cells = ("6.18.44-generic", "95 %", "–", "0.5× (0.4× to 0.6×)", "ratio 0.5")
    grids = [Table("", ("cell",), ((cell,), ("1.5",))) for cell in cells]
    assert [grid.numeric for grid in grids] == [(False,), (True,), (True,), (True,), (False,)]
