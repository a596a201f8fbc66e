"""Two versions of a study: what changed, and what moved beyond noise."""

from pathlib import Path

import pandas as pd
import pytest

from prunestudy.errors import StudyError
from prunestudy.report.blocks import Grid, Text
from prunestudy.report.versions import Version, comparison, movements, read_version

PLACE = {"task": "t", "method": "adaptive", "point": "2"}


def version(name: str, test: list[float], params: int = 100, **more: object) -> Version:
    """A study of one method at one point, with a seed for each quality."""
    rows = [
        {
            **PLACE,
            "seed": seed,
            "test": quality,
            "params_nonzero": params,
            "macs_nonzero": 10 * params,
        }
        for seed, quality in enumerate(test)
    ]
    return Version(name, {"seeds": [0], **more}, pd.DataFrame(rows), {"src/a.py": "1"})


BEFORE = version("a", [0.90, 0.91, 0.92, 0.90, 0.91])


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ([0.90, 0.91, 0.92, 0.90, 0.91], "the same"),
        ([0.91, 0.90, 0.92, 0.91, 0.90], "no difference"),
        ([0.80, 0.81, 0.82, 0.80, 0.81], "lower"),
        ([0.95, 0.96, 0.97, 0.95, 0.97], "higher"),
    ],
)
def test_a_quality_moves_only_beyond_noise(after: list[float], verdict: str) -> None:
    moved = movements(BEFORE, version("b", after), 0.95).set_index("measure")
    assert moved.loc["test quality", "verdict"] == verdict
    assert moved.loc["parameters", "verdict"] == "the same"


def test_costs_are_compared_by_ratio() -> None:
    moved = movements(BEFORE, version("b", [0.9] * 5, params=50), 0.95).set_index("measure")
    assert moved.loc["parameters", "verdict"] == "lower"
    assert moved.loc["parameters", "change"] == pytest.approx(0.5)


def test_only_seeds_that_both_have_are_compared() -> None:
    moved = movements(BEFORE, version("b", [0.5, 0.5]), 0.95)
    assert set(moved["n"]) == {2}


def test_changed_parameters_and_files_are_named() -> None:
    after = version("b", [0.9] * 5, seeds=[0, 1])
    changes, moved, only = comparison(BEFORE, after, 0.95)
    [grid, code] = changes.blocks
    assert isinstance(grid, Grid)
    assert grid.rows == (("seeds", "[0]", "[0, 1]"),)
    assert isinstance(code, Text)
    assert code.text == "No file of the library changed."
    assert isinstance(moved.blocks[0], Text)
    assert moved.blocks[0].text.startswith("From a to b: 0 numbers of 3 moved beyond noise.")
    assert isinstance(only.blocks[0], Text)
    assert "the same tasks, methods and points" in only.blocks[0].text


def test_a_revision_without_a_report_is_said_so() -> None:
    with pytest.raises(StudyError, match=r"revision 'x' has no params\.yaml"):
        read_version("x", lambda _path: None, Path("params.yaml"), Path("reports"), {})
