"""Words by template: columns of tables, and that a change of them is a change of the report."""

import ast
from importlib.resources import files

import pandas as pd
import pytest

from prunestudy.plan.fingerprint import import_closure, library_root
from prunestudy.report import words
from prunestudy.report.words import OF, WORDS, WRITERS, Column


def test_the_words_are_in_the_key_of_the_report() -> None:
    closure = import_closure("prunestudy.report.build", library_root())
    assert "prunestudy.report/words.toml" in closure


@pytest.mark.parametrize(
    ("spec", "heading", "text"),
    [
        ("task", "task", "t"),
        (["data set", "text", "task"], "data set", "t"),
        (["size", "count", "params"], "size", "1\u202f234"),
        (["test", "spread of quality", "mean", "sd"], "test", "0.900 ± 0.010"),
        (["{level}", "interval of ratio", "low", "high"], "95 %", "1.50× to 2.00×"),
        (["less", "changed of count", "params", "low"], "less", "1\u202f234 → 2"),
        (["nothing", "known"], "nothing", "–"),
    ],
)
def test_a_column_is_written_from_its_numbers(
    spec: str | list[str], heading: str, text: str
) -> None:
    row = {"task": "t", "params": 1234, "mean": 0.9, "sd": 0.01, "low": 1.5, "high": 2.0}
    column = Column.read(spec, {"level": "95 %"})
    assert column.heading == heading
    assert column.text({**row, "nothing": float("nan")}) == text


def test_every_column_has_a_writer_that_there_is() -> None:
    specs = [
        spec
        for kind in ("table", "figure")
        for template in WORDS[kind].values()
        for spec in (*template.get("columns", ()), *template.get("hover", ()))
    ]
    assert len(specs) > 100
    names = {name for spec in specs if isinstance(spec, list) for name in spec[1:2]}
    plain = {name.rpartition(" of ")[2] for name in names if "{" not in name}
    assert plain <= set(WRITERS)
    assert {name.partition(" of ")[0] for name in names if " of " in name} <= set(OF)


def test_every_template_is_used() -> None:
    named = {
        part
        for file in files("prunestudy.report").iterdir()
        if file.name.endswith(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for part in {node.value, *node.value.split(".")}
    }
    for kind, templates in WORDS.items():
        assert [name for name in templates if name not in named] == [], kind


def test_an_undecided_comparison_is_never_called_no_difference() -> None:
    text = files("prunestudy.report").joinpath("words.toml").read_text(encoding="utf-8")
    text = " ".join(text.replace("\\\n", " ").split()).lower()
    assert [
        said for said in ("no difference", "not different", "within the spread") if said in text
    ] == []


def test_methods_lead_to_what_their_numbers_were_made_from() -> None:
    rows = pd.DataFrame([{"task": "t", "seed": 0, "method": "m", "cause": "<b>"}])
    table = words.table("failures", rows)
    assert table.columns == ("task", "seed", "method", "cause")
    assert table.rows == (("t", "0", "m", "<b>"),)
    assert table.links == (("", "", "from-t-m", ""),)


@pytest.mark.parametrize(
    ("verdict", "within", "not_inferior", "text"),
    [
        ("better", False, True, "▲ better"),
        ("better", True, True, "▲ better, within the margin"),
        ("worse", True, True, "▼ worse, within the margin"),
        ("equivalent", False, True, "＝ equivalent"),
        ("undecided", False, False, "○ undecided"),
        ("undecided", False, True, "○ undecided, not inferior"),
        ("one seed", False, False, "one seed"),
    ],
)
def test_tables_write_a_verdict_with_its_sign(
    verdict: str, within: bool, not_inferior: bool, text: str
) -> None:
    assert WRITERS["verdict"](verdict, within, not_inferior) == text
