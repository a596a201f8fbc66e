"""Others' claims: judged by the intervals alone, and drawn beside them."""

import math
from pathlib import Path

import pytest

from prunestudy.analysis.claims import judged
from prunestudy.analysis.inputs import read_inputs
from prunestudy.params.report_settings import Claims
from prunestudy.plan.plan import Plan
from prunestudy.report.contents import Contents
from prunestudy.report.words import text
from tests.report.fabricated import QUESTION, make_study, write_tables

METHODS = ("traditional", "adaptive", "hurried")


def contents_of(
    folder: Path, claims: Claims | None, final_params: int = 300, seeds: int = 5
) -> Contents:
    """Adaptive has ``final_params`` of traditional's 500 parameters, and as much of its time."""
    question = QUESTION.model_copy(update={"claims": claims})
    study = make_study(seeds=seeds, methods=METHODS, compare=(question,))
    write_tables(study, folder / "given", final_params, 0.0)
    return Contents(read_inputs(Plan(study), folder / "given", "f" * 64))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.2, 0.39, "reached"),
        (0.2, 0.4, "reached"),
        (0.2, 0.6, "open"),
        (0.4, 0.6, "open"),
        (0.41, 0.6, "missed"),
        (math.nan, math.nan, "one seed"),
    ],
)
def test_an_interval_says_what_becomes_of_a_claim(low: float, high: float, verdict: str) -> None:
    assert judged(0.4, low, high) == verdict


def test_a_claim_that_the_intervals_exclude_is_ruled_out(tmp_path: Path) -> None:
    [said] = contents_of(tmp_path, Claims(params=0.417)).claims
    assert "adaptive against traditional: 0.417× the parameters" in said.text
    assert f"{text('finding.judged.missed')} numbers and classes" in said.text
    assert said.sources == ("headline", "parameters")


def test_a_claim_within_reach_is_borne_out_in_size_and_time(tmp_path: Path) -> None:
    [said] = contents_of(tmp_path, Claims(params=0.7, time=0.7)).claims
    reached, missed = (text(f"finding.judged.{name}") for name in ("reached", "missed"))
    for measure in ("parameters", "time"):
        assert f"0.7× the {measure} is {reached} numbers and classes" in said.text
    # The loop that latency binds is as fast as the method it is held against.
    assert f"with the fastest networks of hurried {missed} numbers" in said.text


def test_one_seed_decides_nothing(tmp_path: Path) -> None:
    [said] = contents_of(tmp_path, Claims(time=0.9), seeds=1).claims
    assert "without a verdict, for want of seeds, on numbers and classes" in said.text
    assert "beyond" not in said.text


def test_no_claim_no_sentence_and_no_dashed_line(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, None)
    assert contents.claims == []
    [figure] = contents.headline_figures
    assert "dashed" not in figure.caption


def test_the_headline_is_drawn_with_its_claims(tmp_path: Path) -> None:
    [figure] = contents_of(tmp_path, Claims(params=0.417)).headline_figures
    assert "dashed line is the ratio that is claimed" in figure.caption
    size, quality, time = figure.specifications
    for panel, lines in ((size, [1.0, 0.417]), (quality, [0.0]), (time, [1.0])):
        [rules] = [rows for rows in panel["datasets"].values() if "claimed" in rows[0]]
        assert [row["mean"] for row in rules] == lines
    [rows] = [rows for rows in size["datasets"].values() if "outcome" in rows[0]]
    assert {row["row"] for row in rows} == {"numbers", "classes", "numbers, hurried"}
    own = {row["row"]: row["outcome"] for row in rows}
    assert own["numbers"] == own["classes"] == "better"
    assert own["numbers, hurried"] == "no difference"


def test_what_traditional_wins_is_drawn_as_its(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, None)
    headline = contents.headline.assign(params_verdict="higher", test_verdict="lower")
    contents.__dict__["headline"] = headline
    [figure] = contents.headline_figures
    for panel in figure.specifications[:2]:
        [rows] = [rows for rows in panel["datasets"].values() if "outcome" in rows[0]]
        assert {row["outcome"] for row in rows if "," not in row["row"]} == {"worse"}


def test_a_gain_that_does_not_outlast_the_correction_is_drawn_as_that(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, None)
    contents.__dict__["headline"] = contents.headline.assign(params_p_t_holm=0.2)
    [figure] = contents.headline_figures
    [rows] = [
        rows for rows in figure.specifications[0]["datasets"].values() if "outcome" in rows[0]
    ]
    assert {row["outcome"] for row in rows if "," not in row["row"]} == {"perhaps better"}
