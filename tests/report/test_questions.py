"""The questions that a study asks: none, one, several; each is told, tabled and drawn."""

import json
from pathlib import Path

import pytest

from prunestudy.params.report_settings import Question
from prunestudy.report.blocks import Table
from prunestudy.report.contents import Contents
from prunestudy.report.palette import BLUE, VERMILLION, looks
from prunestudy.report.sections import sections
from tests.report.fabricated import ASIDE, QUESTION, Build, contents_of, make_study

ALIKE = Question(method="adaptive", against="other")
METHODS = ("traditional", "other", "adaptive", "hurried")


def asking(folder: Path, *compare: Question) -> Contents:
    return contents_of(folder, make_study(methods=METHODS, compare=compare))


@pytest.mark.parametrize("second", [ALIKE, ASIDE])
def test_two_questions_have_rows_families_and_pictures(tmp_path: Path, second: Question) -> None:
    contents = asking(tmp_path, QUESTION, second)
    rows = contents.comparisons[contents.comparisons["measure"] == "area"]
    rows = rows.set_index(["first", "second"])
    # A loop that latency binds has no area.
    others = {("adaptive", name) for name in ("traditional", "other")}
    assert set(rows.index) == others | {second.pair}
    # Both tasks of both questions are one family, what is beside them another.
    for question in (QUESTION, second):
        assert rows.loc[[question.pair], "family"].tolist() == [4, 4]
    traits = contents.curve_traits
    assert {*zip(traits["first"], traits["second"], strict=True)} == {QUESTION.pair, second.pair}
    first, other = contents.headline_figures
    assert first.name == "headline"
    assert other.name == f"headline-{second.method}-{second.against}"
    assert other.title == f"{second.method.capitalize()} against {second.against} at equal size"


def test_methods_that_share_no_task_make_no_headline(tmp_path: Path) -> None:
    study = make_study(methods=("traditional", "adaptive"))
    apart = {
        name: method.model_copy(update={"tasks": [task]})
        for (name, method), task in zip(study.methods.items(), study.tasks, strict=True)
    }
    contents = contents_of(tmp_path, study.model_copy(update={"methods": apart}))
    assert contents.inputs.questions == []
    assert contents.comparisons.empty
    assert contents.headline_figures == []
    assert contents.answers[0].sources == ("parameters",)


def test_a_study_of_two_questions_has_a_whole_report(build: Build) -> None:
    built = build(make_study(seeds=1, compare=(QUESTION, ASIDE)))
    page = built.text("index.html")
    assert "Adaptive against traditional and traditional against other: " in page
    assert (built.folder / "figures" / "headline-traditional-other.svg").is_file()
    metrics = json.loads(built.text("metrics.json"))
    assert set(metrics["headline"]) == set(metrics["traditional_against_other"])


def test_each_question_has_a_table_of_its_own(tmp_path: Path) -> None:
    first, *_others = sections(asking(tmp_path, QUESTION, ASIDE))
    tables = {block.label: block.columns for block in first.blocks if isinstance(block, Table)}
    assert {"adaptive", "traditional"} <= {*tables["headline"]}
    assert {"traditional", "other"} <= {*tables["headline-traditional-other"]}


def test_without_a_question_nothing_leads(tmp_path: Path) -> None:
    contents = asking(tmp_path)
    assert contents.inputs.questions == []
    # The first closed loop is what others are compared with.
    assert contents.inputs.focus == "adaptive"
    assert (contents.headline_figures, contents.claims) == ([], [])
    assert contents.answers[0].sources == ("parameters",)
    assert contents.curve_traits.empty
    assert BLUE not in {look.colour for look in looks(contents.inputs)}


def test_colours_follow_the_first_question(tmp_path: Path) -> None:
    contents = asking(tmp_path, ASIDE, QUESTION)
    colours = {look.method: look.colour for look in looks(contents.inputs)}
    assert contents.inputs.focus == "traditional"
    assert (colours["traditional"], colours["other"]) == (VERMILLION, BLUE)
    assert len(set(colours.values())) == len(colours)
