"""Two versions of a study: what changed, and what moved beyond noise."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from prunestudy.analysis.versions import Version, movements, read_version
from prunestudy.errors import StudyError
from prunestudy.report.blocks import Fold, Table, Text
from prunestudy.report.versions import comparison

PLACE = {"task": "t", "method": "adaptive", "point": "2"}


def version(name: str, test: list[float], params: int = 100, **more: object) -> Version:
    """A study of one method at one point, with a seed for each quality."""
    rows = [
        {
            **PLACE,
            "seed": seed,
            "metric": "accuracy",
            "test": quality,
            "params_nonzero": params,
            "macs_nonzero": 10 * params,
        }
        for seed, quality in enumerate(test)
    ]
    return Version(name, {"seeds": [0], **more}, pd.DataFrame(rows), {"src/a.py": "1"})


MARGINS = {"accuracy": 0.002, "ratio": 0.05}
BEFORE = version("a", [0.90, 0.91, 0.92, 0.90, 0.91])


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ([0.90, 0.91, 0.92, 0.90, 0.91], "the same"),
        ([0.91, 0.90, 0.92, 0.91, 0.90], "undecided"),
        ([0.80, 0.81, 0.82, 0.80, 0.82], "worse"),
        # Few rows that are right or wrong make a few seeds agree by chance.
        ([0.80, 0.81, 0.82, 0.80, 0.81], "undecided"),
        ([0.95, 0.96, 0.97, 0.95, 0.97], "better"),
    ],
)
def test_a_quality_moves_only_beyond_noise(after: list[float], verdict: str) -> None:
    moved = movements(BEFORE, version("b", after), 0.95, MARGINS).set_index("column")
    assert moved.loc["test", "verdict"] == verdict
    assert moved.loc["params_nonzero", "verdict"] == "the same"


def test_among_many_numbers_one_that_barely_moves_has_not() -> None:
    barely = [0.912, 0.912, 0.93, 0.907, 0.915]
    noise = [0.91, 0.90, 0.92, 0.91, 0.90]
    tests = [barely, *[noise] * 9, *[BEFORE.results["test"].tolist()] * 90]

    def many(name: str, samples: list[list[float]]) -> Version:
        tables = [
            version(name, sample).results.assign(point=str(place))
            for place, sample in enumerate(samples)
        ]
        return Version(name, {"seeds": [0]}, pd.concat(tables), {})

    before = [BEFORE.results["test"].tolist()] * 100
    alone = movements(many("a", before[:1]), many("b", tests[:1]), 0.95, MARGINS)
    assert alone.loc[alone["column"] == "test", "verdict"].tolist() == ["better"]
    moved = movements(many("a", before), many("b", tests), 0.95, MARGINS)
    verdicts = moved.loc[moved["column"] == "test", "verdict"].tolist()
    assert verdicts == ["undecided"] * 10 + ["the same"] * 90


@pytest.mark.parametrize("without", ["a", "b"])
def test_tables_that_name_no_metric_are_compared_without_a_margin(without: str) -> None:
    versions = [BEFORE, version("b", [0.95, 0.96, 0.97, 0.95, 0.97])]
    bare = [
        replace(one, results=one.results.drop(columns="metric")) if one.name == without else one
        for one in versions
    ]
    moved = movements(*bare, 0.95, MARGINS).set_index("column")
    assert moved.loc["test", "verdict"] == "better"


def test_folds_widen_what_moved() -> None:
    folds: Any = {"tasks": {"t": {"data": {"split": {"folds": 5}}}}}
    after = [0.91, 0.90, 0.92, 0.91, 0.90]
    plain, wide = (
        movements(BEFORE, version("b", after, **more), 0.95, MARGINS)
        .set_index("column")
        .loc["test"]
        for more in ({}, folds)
    )
    # One fold of five to the four others, five seeds.
    widths = [one["high"] - one["low"] for one in (plain, wide)]
    assert widths[1] / widths[0] == pytest.approx(math.sqrt(1 + 5 / 4))


def test_costs_are_compared_by_ratio() -> None:
    moved = movements(BEFORE, version("b", [0.9] * 5, params=50), 0.95, MARGINS).set_index("column")
    assert moved.loc["params_nonzero", "verdict"] == "better"
    assert moved.loc["params_nonzero", "change"] == pytest.approx(0.5)


def test_only_seeds_that_both_have_are_compared() -> None:
    moved = movements(BEFORE, version("b", [0.5, 0.5]), 0.95, MARGINS)
    assert set(moved["n"]) == {2}


def test_versions_without_a_common_seed_say_so() -> None:
    later = version("b", [0.9] * 3)
    later = replace(later, results=later.results.assign(seed=[7, 8, 9]))
    _changes, _headline, moved, only = comparison(BEFORE, later, 0.95, MARGINS)
    assert moved.blocks == (
        Text("No seed of a network is in both versions, so no number can be compared."),
    )
    [text] = only.blocks
    assert isinstance(text, Text)
    assert "Only a has the seeds 0, 1, 2, 3 and 4. Only b has the seeds 7, 8 and 9." in text.text


def test_changed_parameters_and_files_are_named() -> None:
    after = version("b", [0.9] * 5, seeds=[0, 1])
    changes, headline, moved, only = comparison(BEFORE, after, 0.95, MARGINS)
    [grid, code] = changes.blocks
    assert isinstance(grid, Table)
    assert grid.rows == (("seeds", "[0]", "[0, 1]"),)
    assert isinstance(code, Text)
    assert code.text == "No file of the library changed."
    assert headline.blocks == (Text("Not both versions have comparisons."),)
    assert isinstance(moved.blocks[0], Text)
    assert moved.blocks[0].text.startswith("From a to b: 0 numbers of 3 moved beyond noise: ")
    assert isinstance(only.blocks[0], Text)
    assert "the same tasks, methods and points" in only.blocks[0].text


def compared(ratio: float, verdict: str) -> pd.DataFrame:
    """One comparison of sizes."""
    row: dict[str, object] = {"measure": "size", "task": "t", "at": float("nan")}
    row |= {"first": "adaptive", "second": "traditional", "estimate": ratio}
    return pd.DataFrame([row | {"low": ratio / 2, "high": 2 * ratio, "verdict": verdict}])


def test_the_comparisons_stand_side_by_side() -> None:
    before = replace(BEFORE, comparisons=compared(0.5, "better"))
    after = replace(version("b", [0.9] * 5), comparisons=compared(0.8, "undecided"))
    _changes, told, _moved, _only = comparison(before, after, 0.95, MARGINS)
    [grid, fold] = told.blocks
    assert isinstance(grid, Table)
    assert grid.columns == ("task", "methods", "measure", "a", "verdict", "b", "verdict")
    size = ("0.500× (0.250× to 1.00×)", "▲ better", "0.800× (0.400× to 1.60×)", "○ undecided")
    assert grid.rows[0] == ("t", "adaptive against traditional", "size within the budget", *size)
    assert isinstance(fold, Fold)
    assert [len(inner.rows) for inner in fold.blocks if isinstance(inner, Table)] == [1]
    _changes, told, _moved, _only = comparison(before, before, 0.95, MARGINS)
    assert told.blocks[0] == Text("None of 1 verdicts changed.")


def test_latency_is_read_with_the_results_and_compared_by_ratio() -> None:
    place = "task,seed,method,point"
    files = {
        "params.yaml": "seeds: [0, 1]",
        "reports/tables/results.csv": f"{place},metric,test,params_nonzero,macs_nonzero\n"
        "t,0,adaptive,2,accuracy,0.9,10,20\nt,1,adaptive,2,accuracy,0.8,10,20\n"
        "t,2,adaptive,2,accuracy,0.7,10,20\n",
        "reports/tables/latency.csv": f"{place},latency_ratio_b64\n"
        "t,0,adaptive,2,2.0\nt,1,adaptive,2,2.2\nt,2,adaptive,2,2.1\n",
    }
    one = read_version(
        "a",
        lambda path: files[path].encode() if path in files else None,
        Path("params.yaml"),
        Path("reports"),
        {},
    )
    assert one.comparisons.empty
    faster = one.results.assign(latency_ratio_b64=2 * one.results["latency_ratio_b64"])
    moved = movements(one, replace(one, name="b", results=faster), 0.95, MARGINS).set_index(
        "column"
    )
    assert moved.loc["latency_ratio_b64", "change"] == pytest.approx(2.0)
    assert moved.loc["latency_ratio_b64", "verdict"] == "better"


def test_a_revision_without_a_report_is_said_so() -> None:
    with pytest.raises(StudyError, match=r"revision 'x' has no params\.yaml"):
        read_version("x", lambda _path: None, Path("params.yaml"), Path("reports"), {})


def test_other_machines_are_named() -> None:
    here = replace(BEFORE, processors=frozenset({"A"}))
    there = replace(version("b", [0.9] * 5), processors=frozenset({"B", "C"}))
    changes = comparison(here, there, 0.95, MARGINS)[0]
    told = [block.text for block in changes.blocks if isinstance(block, Text)]
    assert any(text.startswith("Other machines: a on A, b on B and C.") for text in told)
    same = replace(there, processors=here.processors)
    told = [
        block.text
        for block in comparison(here, same, 0.95, MARGINS)[0].blocks
        if isinstance(block, Text)
    ]
    assert not any("machines" in text for text in told)
