"""JSON that the library writes has no word that JSON does not know: no NaN, no Infinity."""

import ast
from pathlib import Path

import pytest

from tests.test_security import dotted, python_files

# Ways to write JSON, and what lets each refuse what is no number; None: nothing does.
DUMPS = {"json.dump", "json.dumps", "simplejson.dumps", "ujson.dumps"}
LENIENT = {"model_dump_json", "to_json"}
# A journal of a training that diverges keeps its losses; it is private, and gone with the job.
# Decisions hold counts, and mean rewards between 0 and 1.
EXCEPT = {"training/resume.py": 1, "pruning/controller/decisions.py": 2}


def lenient(text: str) -> list[str]:
    """Calls of a source text that would write NaN."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module in ("json", "simplejson", "ujson"):
            found += [f"from {node.module} import {alias.name}" for alias in node.names]
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func) or getattr(node.func, "attr", "")
        strict = any(
            word.arg == "allow_nan"
            and isinstance(word.value, ast.Constant)
            and not word.value.value
            for word in node.keywords
        )
        if (name in DUMPS and not strict) or name.rpartition(".")[2] in {*LENIENT, "JSONEncoder"}:
            found.append(name)
    return found


def test_no_writer_of_json_allows_what_is_no_number(root: Path) -> None:
    library = root / "src" / "prunestudy"
    found = {
        file.relative_to(library).as_posix(): len(calls)
        for file in python_files(root)
        if (calls := lenient(file.read_text(encoding="utf-8")))
    }
    assert found == EXCEPT


@pytest.mark.parametrize(
    "text",
    [
        "json.dumps(x)",
        "json.dump(x, f, allow_nan=True)",
        "from json import dumps",
        "chart.to_json()",
        "study.model_dump_json()",
        "f(x).to_json()",
    ],
)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert lenient(text)
    assert not lenient("json.dumps(x, allow_nan=False)")
