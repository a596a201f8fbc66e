"""The page, its JSON, and what makes the check fail."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from prunestudy.errors import StudyError
from prunestudy.gpu_check.needs import PACKAGES, lacking
from prunestudy.gpu_check.outcome import FAILED, LEFT_OUT, PASSED, Outcome, attempted
from prunestudy.gpu_check.page import INTRODUCTION, as_json, page, table
from prunestudy.gpu_check.studies import differing

AT = "2026-01-02T03:04:05+00:00"


def test_a_table_has_every_column_and_a_dash_where_nothing_is():
    first = {"network": "a", "ms": np.float64(1234.5678), "follows": []}
    lines = table([first, {"network": "b", "same": True, "ms": None, "follows": ["a", "c"]}])
    assert lines == [
        "| network | ms | follows | same |",
        "| --- | --- | --- | --- |",
        "| a | 1.23e+03 | – | – |",
        "| b | – | a, c | yes |",
    ]


def test_the_page_tells_machine_parts_and_what_is_wrong():
    parts = {
        "Speed": Outcome(says=["Thirty steps."], tables={"Times": [{"ms": 2.0}]}, seconds=3.5),
        "Bytes": Outcome(wrong=["other bytes in\na"]),
        "Tests": Outcome(left_out="not here: pytest"),
    }
    text = page({"GPU": "a card"}, parts, AT)
    assert text.startswith(INTRODUCTION)
    for line in (
        "| GPU | a card |",
        f"| Speed | {PASSED} | 3.5 |",
        f"| Bytes | {FAILED} | 0 |",
        f"## Tests: {LEFT_OUT}",
        "Left out; not here: pytest.",
        "- other bytes in a",
        "### Times",
    ):
        assert line in text.splitlines()


def test_the_json_has_no_number_that_json_does_not_know():
    parts = {"Speed": Outcome(tables={"Times": [{"ms": math.inf, "share": 0.5}]})}
    content = json.loads(as_json({"GPU": "a card"}, parts, AT), parse_constant=pytest.fail)
    assert content["ran_on"] == {"GPU": "a card"}
    assert content["parts"]["Speed"]["tables"] == {"Times": [{"ms": None, "share": 0.5}]}


@pytest.mark.parametrize("error", [StudyError("no such cell"), RuntimeError("no such kernel\n…")])
def test_a_part_that_stops_has_failed_and_says_why(
    error: Exception, capsys: pytest.CaptureFixture[str]
):
    def part() -> Outcome:
        raise error

    outcome = attempted("Speed", part, 60)
    assert outcome.verdict == FAILED
    assert "no such" in outcome.wrong[0]
    assert "\n" not in outcome.wrong[0]
    assert "Speed: failed" in capsys.readouterr().err


def test_a_part_that_would_begin_too_late_is_left_out():
    outcome = attempted("Speed", pytest.fail, 0)
    assert outcome.verdict == LEFT_OUT
    assert outcome.left_out == "no time was left for it"


def test_artifacts_differ_by_digest_or_by_being_there():
    first = {"a": "1", "b": "2", "c": "3"}
    assert differing(first, dict(first)) == []
    assert differing(first, {"a": "1", "b": "9", "d": "4"}) == ["b", "c", "d"]


def test_what_is_missing_or_too_old_is_told():
    found: dict[str, str | None] = dict.fromkeys(PACKAGES, "3.0")
    assert lacking(found) == []
    assert lacking({**found, "torch": "2.11.0+cu130"}) == []
    told = lacking({**found, "torch": "2.9.1", "pydantic": None})
    assert len(told) == 2
    assert "pip install pydantic" in told[0]
    assert "torch 2.9.1 is too old" in told[1]


def test_the_page_in_docs_begins_as_the_check_writes_it(root: Path):
    assert (root / "docs" / "gpu.md").read_text(encoding="utf-8").startswith(INTRODUCTION)
