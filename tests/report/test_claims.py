"""What becomes of others' claims, and how verdicts are drawn."""

from pathlib import Path
from typing import Any

import pytest

from prunestudy.params.report_settings import Claims
from prunestudy.report.contents import Contents
from tests.report.fabricated import QUESTION, contents_of, make_study

METHODS = ("traditional", "adaptive", "hurried", "rounded")


def claiming(folder: Path, claims: Claims | None) -> Contents:
    """Every method leaves the budget at equal sizes, and takes as much time."""
    question = QUESTION.model_copy(update={"claims": claims})
    return contents_of(folder, make_study(methods=METHODS, compare=(question,)))


def test_no_claim_no_sentence(tmp_path: Path) -> None:
    assert claiming(tmp_path, None).claims == []


def test_claims_are_held_to_sizes_of_equal_freedom_and_to_loops_that_latency_binds(
    tmp_path: Path,
) -> None:
    contents = claiming(tmp_path, Claims(params=0.417, time=1.5))
    [one] = contents.claims
    assert one.text == (
        "Claims of others, adaptive against traditional: “0.417× the parameters” refuted on "
        "numbers and classes; “1.5× the time” reached on numbers (hurried against rounded)."
    )


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ({"verdict": "worse"}, "worse"),
        ({"verdict": "better", "within": True}, "better"),
        ({"verdict": "equivalent"}, "equivalent"),
        ({"verdict": "undecided"}, "undecided"),
        ({"verdict": "one seed"}, "no verdict"),
    ],
)
def test_a_verdict_is_drawn_as_what_it_is(
    tmp_path: Path, columns: dict[str, Any], outcome: str
) -> None:
    contents = claiming(tmp_path, None)
    contents.__dict__["comparisons"] = contents.comparisons.assign(**columns)
    [figure] = contents.headline_figures
    assert [panel.title for panel in figure.panels] == ["R²", "accuracy"]
    for panel in figure.specifications:
        [rows] = [rows for rows in panel["datasets"].values() if "outcome" in rows[0]]
        assert {row["outcome"] for row in rows} == {outcome}


def test_the_margin_of_a_metric_is_a_band_in_its_panel(tmp_path: Path) -> None:
    [figure] = claiming(tmp_path, None).headline_figures
    bands = [
        (row["low"], row["high"])
        for panel in figure.specifications
        for rows in panel["datasets"].values()
        for row in rows
        if "outcome" not in row
    ]
    assert bands == [(-0.01, 0.01), (-0.002, 0.002)]
