"""Parameters under attack: thousands of broken files, no traceback, every good one plans."""

import copy
import io
import itertools
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from prunestudy.cli.main import main
from prunestudy.errors import ParamsError
from prunestudy.params.documented import documented
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.settings.base import plain
from tests.conftest import CONTENT, STUDIES
from tests.params.test_reader import mutated, places

CASES = 3000
STUDY = read_study(STUDIES / "default.yaml")
DEFAULT = plain(STUDY)
# What hands and scripts get wrong: types, ranges, units, words, and what YAML makes of them.
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 2**64, 10**30, -(10**30)]),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, float("inf"), float("nan"), 0.999999999]),
    st.text(max_size=8),
    st.sampled_from(
        [
            "../../etc",
            "/tmp/x",
            "a/b",
            "..",
            "con",
            "ünïcode",
            "\u202e",
            "<script>",
            "{{x}}",
            "$(id)",
        ]
    ),
    st.sampled_from(["1e3", "1_000", "0x10", "yes", "null", "~", "2026-01-01", "!!python/name:os"]),
    st.sampled_from(
        ["random", "closed_loop", "magnitude", "like:adaptive", "like:nobody", "os.exit"]
    ),
    st.lists(st.integers() | st.text(max_size=3), max_size=4),
    st.dictionaries(st.text(max_size=4) | st.integers() | st.none(), st.integers(), max_size=3),
)


def mutations(content: Any) -> st.SearchStrategy:
    """One to four changes of a valid file."""
    keys = st.text(max_size=6) | st.sampled_from(
        ["name", "controller", "stages", "hidden", "Seeds"]
    )
    return st.lists(
        st.tuples(
            st.sampled_from(["replace", "delete", "add"]),
            st.sampled_from(places(content)),
            HOSTILE,
            keys,
        ),
        min_size=1,
        max_size=4,
    )


def dumped(content: Any) -> str | None:
    """Content as YAML; none where YAML itself cannot say it."""
    stream = io.StringIO()
    try:
        YAML(typ="safe", pure=True).dump(content, stream)
    except (YAMLError, TypeError, ValueError):
        return None
    return stream.getvalue()


def accepted(file: Path, text: str) -> bool:
    """Whether a text is a study; what is one has a plan, what is none has problems."""
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        study = read_study(file)
    except ParamsError as error:
        problems = error.problems
    else:
        problems = []
        check_plan(Plan(study))
    assert all(problem.path and problem.reason for problem in problems)
    return not problems


def check_plan(plan: Plan) -> None:
    """Every artifact has a place of its own inside the project."""
    paths = [artifact.path for artifact in plan]
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.parts[0] in ("data", "models")


@pytest.mark.parametrize("content", [CONTENT, DEFAULT], ids=["small", "default"])
@settings(max_examples=CASES // 2, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_mutated_files_are_refused_in_words_or_have_a_plan(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], data: st.DataObject
) -> None:
    text = dumped(mutated(copy.deepcopy(content), data.draw(mutations(content))))
    if text is not None:
        accepted(tmp_path_factory.getbasetemp() / "attacked.yaml", text)


@settings(max_examples=CASES // 3, suppress_health_check=list(HealthCheck), deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 5_000), st.text(max_size=6)), min_size=1, max_size=5))
def test_files_with_damaged_text_are_refused_in_words_or_have_a_plan(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, str]]
) -> None:
    text = documented(STUDY)
    for place, scrap in cuts:
        text = text[:place] + scrap + text[place + len(scrap) :]
    accepted(tmp_path_factory.getbasetemp() / "damaged.yaml", text)


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
TEXTS = {
    "bomb": BOMB,
    "bomb in a study": documented(STUDY) + BOMB,
    "endless list": "seeds: &a [*a]\n",
    "endless mapping": "tasks: &a {x: *a}\n",
    "duplicate keys": "name: a\nname: b\n",
    "python object": "name: !!python/object/apply:os.system ['true']\n",
    "unknown alias": "name: *nobody\n",
    "deep": "a: " + "[" * 3_000 + "]" * 3_000 + "\n",
    "long word": f"name: {'x' * 100_000}\n",
    "many documents": "---\nname: a\n---\nname: b\n",
    "not finite": "name: small\nseeds: [.nan, .inf]\n",
    "nothing": "",
    "bytes": "\0\1\2",
    "no bool": "title: !!bool x\n",
    "long key": f"{'x' * 900}: 1\n",
    "long quoted key": f"'{'x' * 100_000}': 1\n",
    "list of mappings as key": "? [{a: 1}]\n: 1\n",
    "long file": "#" * 300_000,
    "million seeds": f"seeds: [{', '.join(map(str, range(1_000_000)))}]\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_refused_by_the_command_line_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(TEXTS[name], encoding="utf-8")
    assert main(["check", "--params", str(file)]) == 2
    said = capsys.readouterr().err
    assert "problem" in said
    assert len(said) < 20_000


# The core tags of YAML 1.1, which has those of 1.2 among its own, and what is none of them.
TAGS = (
    *("bool", "float", "int", "null", "str", "timestamp", "binary", "merge", "value", "yaml"),
    *("seq", "map", "set", "omap", "pairs", "python/name:os.system", "nobody"),
)
DIGITS = 100_000
NUMBERS = {
    "decimal": "9" * DIGITS,
    "negative": "-" + "9" * DIGITS,
    "hexadecimal": "0x" + "f" * DIGITS,
    "octal": "0o" + "7" * DIGITS,
    "octal of 1.1": "0" + "7" * DIGITS,
    "binary": "0b" + "1" * DIGITS,
    "sexagesimal": "1" + ":59" * (DIGITS // 3),
    "underscores": "1_" * (DIGITS // 2) + "1",
    "fraction": "0." + "1" * DIGITS,
    "before the point": "1" * DIGITS + ".0",
    "exponent": "1e" + "9" * DIGITS,
    "sexagesimal fraction": "1" + ":59" * (DIGITS // 3) + ".5",
    "moment": "2001-01-01T00:00:00." + "1" * DIGITS,
}
SCALARS = ("x", "''", "'\\0'", "0x", "1:99", "1.5", ".nan", "0o9", "2001-99-99", "[1]", "{a: 1}")
HEADS = ("", "%YAML 1.1\n---\n")


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_of_a_hostile_value_is_read_or_refused_with_its_place(tmp_path: Path, tag: str):
    file = tmp_path / "params.yaml"
    shallow = [f"!!{tag} {scalar}" for scalar in SCALARS]
    rest = dumped(CONTENT)
    for value in [*shallow, f"!{tag} x", f"[!!{tag} x]", f"{{!!{tag} x: 1}}"]:
        for head in HEADS:
            file.write_text(f"{head}report: {{title: {value}}}\n{rest}", encoding="utf-8")
            try:
                title = read_study(file).report.title
            except ParamsError as error:
                [problem] = error.problems
                assert problem.path.startswith(("report.title", "line ")), value
            else:
                assert isinstance(title, str)
                assert tag in ("str", "timestamp")


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_a_hundred_thousand_digits_are_refused_at_once_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture, name: str
):
    file = tmp_path / "params.yaml"
    for head, value in itertools.product(HEADS, [f"{NUMBERS[name]}", f"!!int {NUMBERS[name]}"]):
        file.write_text(f"{head}name: small\nseeds: {value}\n", encoding="utf-8")
        begin = time.monotonic()
        assert main(["check", "--params", str(file)]) == 2
        assert time.monotonic() - begin < 2
        said = capsys.readouterr().err
        assert re.search(r"line [24], column \d+: a (number|text) of [\d,]+ characters", said)


def test_anchors_that_only_save_typing_are_welcome(tmp_path: Path) -> None:
    text = dumped(CONTENT)
    assert text is not None
    assert accepted(tmp_path / "plain.yaml", text)
    first, second, *_ = sorted(CONTENT["methods"])
    edited = text.replace(f"  {first}:", f"  {first}: &method", 1)
    edited = edited.replace(f"  {second}:", f"  twin: *method\n  {second}:", 1)
    assert edited.count("&method") == edited.count("*method") == 1
    assert accepted(tmp_path / "anchored.yaml", edited)
