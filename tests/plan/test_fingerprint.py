"""Source digests: what a step's numbers depend on, and nothing else."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.errors import StudyError
from prunestudy.plan.fingerprint import NOT_NUMERIC, import_closure, library_root, source_digest
from prunestudy.plan.plan import STEP_MODULES

PLAIN = """
    def scale(values, factor=2):
        return [value * factor for value in values if value is not None]
"""


@pytest.fixture
def digest(tmp_path_factory: pytest.TempPathFactory):
    """Digest of one module that holds the given code, always in a folder of its own."""

    def of(code: str) -> str:
        folder = tmp_path_factory.mktemp("source")
        (folder / "part.py").write_text(textwrap.dedent(code), encoding="utf-8")
        return source_digest("part", folder)

    return of


def package(folder: Path, **modules: str) -> Path:
    """Write modules, named with ``__`` for a dot, into a folder; packages get their marker."""
    for name, code in modules.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.parents:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
        path.write_text(textwrap.dedent(code), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "same",
    [
        "# why\n" + textwrap.dedent(PLAIN) + "# end\n",
        '"""A module."""\n' + textwrap.dedent(PLAIN),
        """
        def scale(values, factor=2):
            \"\"\"Scale values.\"\"\"
            return [value * factor for value in values if value is not None]
        """,
        """
        def scale(
            values,
            factor=2,
        ):
            return [
                value * factor  # scaled
                for value in values
                if (value is not None)
            ]
        """,
    ],
    ids=["comments", "module docstring", "function docstring", "layout"],
)
def test_wording_and_layout_leave_the_digest(digest, same: str):
    assert digest(same) == digest(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("factor=2", "factor=3"),
        ("factor=2", "factor=2.0"),
        ("factor=2", "factor=None"),
        ("factor=2", "factor='2'"),
        ("value * factor", "value + factor"),
        ("value * factor", "factor * value"),
        ("is not None", "is None"),
        ("def scale", "def scaled"),
        ("return [", "return list("),
    ],
)
def test_a_change_of_code_alters_the_digest(digest, old: str, new: str):
    edited = PLAIN.replace(old, new)
    if new.endswith("("):
        edited = edited.replace("]", ")")
    assert edited != PLAIN
    assert digest(edited) != digest(PLAIN)


def test_a_string_that_is_data_counts_although_docstrings_do_not(digest):
    assert digest("NAME = 'a'\n") != digest("NAME = 'b'\n")
    assert digest("def f():\n    'a'\n    return 1\n") == digest("def f():\n    return 1\n")


@given(st.integers(), st.integers())
def test_two_numbers_have_one_digest_only_if_they_are_equal(digest, first: int, second: int):
    same = digest(f"VALUE = {first}\n") == digest(f"VALUE = {second}\n")
    assert same == (first == second)


def test_the_closure_follows_every_form_of_import(tmp_path: Path):
    root = package(
        tmp_path,
        lib__start="""
            import json
            import lib.plain
            from lib import named
            from lib.inner.function import double
            from . import sibling
            from .inner import module
            from .inner.deep import value as other
            def late():
                from lib import inside
        """,
        lib__plain="",
        lib__named="from lib import further",
        lib__further="",
        lib__sibling="",
        lib__inside="",
        lib__inner__function="",
        lib__inner__module="from .. import up",
        lib__inner__deep="",
        lib__up="",
        lib__unused="",
    )
    assert set(import_closure("lib.start", root)) == {
        "lib",
        "lib.start",
        "lib.plain",
        "lib.named",
        "lib.further",
        "lib.sibling",
        "lib.inside",
        "lib.inner",
        "lib.inner.function",
        "lib.inner.module",
        "lib.inner.deep",
        "lib.up",
    }


def test_an_import_in_a_circle_ends(tmp_path: Path):
    root = package(tmp_path, lib__first="from lib import second", lib__second="import lib.first")
    assert set(import_closure("lib.first", root)) == {"lib", "lib.first", "lib.second"}


def test_a_change_in_what_is_imported_alters_the_digest_and_any_other_does_not(tmp_path: Path):
    def build(name: str, helper: str, other: str) -> str:
        root = package(
            tmp_path / name, lib__start="from lib import helper", lib__helper=helper, lib__o=other
        )
        return source_digest("lib.start", root)

    first = build("first", "X = 1", "Y = 1")
    assert build("second", "X = 2", "Y = 1") != first
    assert build("third", "X = 1", "Y = 2") == first


def test_a_package_marker_that_runs_code_counts(tmp_path: Path):
    first = package(tmp_path / "first", lib__start="")
    second = package(tmp_path / "second", lib__start="")
    (second / "lib" / "__init__.py").write_text("SWITCH = True\n", encoding="utf-8")
    assert source_digest("lib.start", first) != source_digest("lib.start", second)


def test_a_module_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StudyError, match=r"module 'lib\.absent' has no source file"):
        source_digest("lib.absent", tmp_path)


# The real library.


@pytest.fixture(scope="module")
def closures() -> dict[str, set[str]]:
    """Import closure of each step of a study."""
    root = library_root()
    return {step: set(import_closure(module, root)) for step, module in STEP_MODULES.items()}


def test_every_step_begins_in_a_module_of_its_own(closures: dict[str, set[str]]):
    for step, module in STEP_MODULES.items():
        assert module in closures[step]


def test_training_depends_on_data_and_networks(closures: dict[str, set[str]]):
    assert {
        "prunestudy.training.loop",
        "prunestudy.training.objective",
        "prunestudy.data.tensors",
        "prunestudy.networks.spec",
        "prunestudy.networks.storage",
        "prunestudy.networks.zoo",
        "prunestudy.networks.determinism",
    } <= closures["train"]


def test_pruning_depends_on_training_but_training_not_on_pruning(closures: dict[str, set[str]]):
    assert closures["train"] <= closures["prune"]
    assert "prunestudy.pruning.cell" in closures["prune"]
    assert not {name for name in closures["train"] if ".pruning" in name}


@pytest.mark.parametrize("step", ["fetch", "prepare", "train", "prune", "evaluate", "latency"])
def test_an_edit_of_the_report_or_the_tracker_reruns_no_number(
    closures: dict[str, set[str]], step: str
):
    words = (
        "prunestudy.report",
        "prunestudy.publish.tracking",
        "prunestudy.steps.jobs",
        "prunestudy.cli.look",
    )
    assert not {name for name in closures[step] if name.startswith(words)}


def test_evaluation_does_not_rerun_with_the_training_loop(closures: dict[str, set[str]]):
    assert "prunestudy.training.loop" not in closures["evaluate"] | closures["latency"]


def test_what_cannot_change_a_number_is_left_out_everywhere(closures: dict[str, set[str]]):
    assert "prunestudy.params" in NOT_NUMERIC
    left_out = tuple(f"{name}." for name in NOT_NUMERIC)
    for closure in closures.values():
        assert not [name for name in closure if f"{name}.".startswith(left_out)]


def test_the_modules_left_out_exist():
    folder = library_root()
    for name in NOT_NUMERIC:
        place = folder.joinpath(*name.split("."))
        assert place.is_dir() or place.with_suffix(".py").is_file(), name
