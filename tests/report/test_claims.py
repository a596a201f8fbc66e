"""Others' claims are drawn beside the intervals that judge them."""

from pathlib import Path
from typing import Any

import pytest

from prunestudy.params.report_settings import Claims
from prunestudy.report.contents import Contents
from tests.report.fabricated import QUESTION, contents_of, make_study

METHODS = ("traditional", "adaptive", "hurried")


def claiming(folder: Path, claims: Claims | None) -> Contents:
    """Adaptive has 300 of traditional's 500 parameters, and as much of its time."""
    question = QUESTION.model_copy(update={"claims": claims})
    return contents_of(folder, make_study(methods=METHODS, compare=(question,)))


def lines_of(panel: dict) -> list[float]:
    """Where lines go across a panel."""
    [rules] = [rows for rows in panel["datasets"].values() if "claimed" in rows[0]]
    return [row["mean"] for row in rules]


def test_no_claim_no_sentence_and_no_dashed_line(tmp_path: Path) -> None:
    contents = claiming(tmp_path, None)
    assert contents.claims == []
    [figure] = contents.headline_figures
    assert lines_of(figure.specifications[0]) == [1.0]


def test_the_headline_is_drawn_with_its_claims(tmp_path: Path) -> None:
    [figure] = claiming(tmp_path, Claims(params=0.417)).headline_figures
    size, quality, time = figure.specifications
    for panel, lines in ((size, [1.0, 0.417]), (quality, [0.0]), (time, [1.0])):
        assert lines_of(panel) == lines
    [rows] = [rows for rows in size["datasets"].values() if "outcome" in rows[0]]
    assert {row["row"] for row in rows} == {"numbers", "classes", "numbers, hurried"}
    own = {row["row"]: row["outcome"] for row in rows}
    assert own["numbers"] == own["classes"] == "better"
    assert own["numbers, hurried"] == "no difference"


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ({"params_verdict": "higher"}, "worse"),
        # A gain that does not outlast the correction.
        ({"params_p_t_holm": 0.2}, "perhaps better"),
    ],
)
def test_losses_and_doubtful_gains_are_drawn_as_that(
    tmp_path: Path, columns: dict[str, Any], outcome: str
) -> None:
    contents = claiming(tmp_path, None)
    contents.__dict__["headline"] = contents.headline.assign(**columns)
    [figure] = contents.headline_figures
    shown = figure.specifications[0]["datasets"].values()
    [rows] = [rows for rows in shown if "outcome" in rows[0]]
    assert {row["outcome"] for row in rows if "," not in row["row"]} == {outcome}
