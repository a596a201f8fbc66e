"""Source digests: what a step's numbers depend on, and nothing else."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.errors import StudyError
from prunestudy.plan.fingerprint import (
    import_closure,
    is_infrastructure,
    library_root,
    source_digest,
)
from prunestudy.plan.steps import STEPS
from tests.settings.test_parts import REGISTRIES

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
        return source_digest(("part",), folder)

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
        return source_digest(("lib.start",), root)

    first = build("first", "X = 1", "Y = 1")
    assert build("second", "X = 2", "Y = 1") != first
    assert build("third", "X = 1", "Y = 2") == first


def test_a_package_marker_that_runs_code_counts(tmp_path: Path):
    first = package(tmp_path / "first", lib__start="")
    second = package(tmp_path / "second", lib__start="")
    (second / "lib" / "__init__.py").write_text("SWITCH = True\n", encoding="utf-8")
    assert source_digest(("lib.start",), first) != source_digest(("lib.start",), second)


def test_a_module_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StudyError, match=r"module 'lib\.absent' has no source file"):
        source_digest(("lib.absent",), tmp_path)


# The real library.


@pytest.fixture(scope="module")
def closures() -> dict[str, set[str]]:
    """Import closure of each step of a study."""
    root = library_root()
    return {name: set(import_closure(step.module, root)) for name, step in STEPS.items()}


def test_every_step_begins_in_a_module_of_its_own(closures: dict[str, set[str]]):
    for name, step in STEPS.items():
        assert step.module in closures[name]


def test_training_depends_on_data_and_networks(closures: dict[str, set[str]]):
    assert {
        "prunestudy.training.loop",
        "prunestudy.training.objective",
        "prunestudy.data.tensors",
        "prunestudy.networks.spec",
        "prunestudy.networks.storage",
        "prunestudy.networks.determinism",
    } <= closures["train"]


def test_pruning_depends_on_training_but_training_not_on_pruning(closures: dict[str, set[str]]):
    assert closures["train"] <= closures["prune"]
    assert "prunestudy.pruning.controller.closed_loop" not in closures["prune"]
    assert "prunestudy.pruning.cell" in closures["prune"]
    assert not {name for name in closures["train"] if ".pruning" in name}


@pytest.mark.parametrize("step", ["fetch", "prepare", "train", "prune", "evaluate", "latency"])
def test_an_edit_of_the_report_or_the_tracker_reruns_no_number(
    closures: dict[str, set[str]], step: str
):
    words = ("prunestudy.report", "prunestudy.analysis", "prunestudy.publish")
    assert not {name for name in closures[step] if name.startswith(words)}


def test_evaluation_does_not_rerun_with_the_training_loop(closures: dict[str, set[str]]):
    assert "prunestudy.training.loop" not in closures["evaluate"] | closures["latency"]


@pytest.mark.parametrize(
    "name",
    [
        "prunestudy.errors",
        "prunestudy.settings.base",
        "prunestudy.store.files",
        "prunestudy.store.sidecars",
        "prunestudy.store.git",
        "prunestudy.store.tables",
        "prunestudy.plan.steps",
        "prunestudy.plan.status",
        "prunestudy.steps.job",
        "prunestudy.run.locks",
        "prunestudy.run.forkserver",
        "prunestudy.cli.main",
        "prunestudy.training.settings",
        "prunestudy.pruning.criteria.settings",
    ],
)
def test_infrastructure_and_settings_are_in_no_closure(closures: dict[str, set[str]], name: str):
    assert is_infrastructure(name)
    assert library_root().joinpath(*name.split(".")).with_suffix(".py").is_file()
    assert not [step for step, closure in closures.items() if name in closure]


def test_a_users_settings_are_no_infrastructure():
    assert not is_infrastructure("mine.settings")
    assert not is_infrastructure("prunestudy.networks.spec")


@pytest.mark.parametrize(("folder", "named", "_functions"), REGISTRIES)
def test_closures_hold_no_part(closures: dict[str, set[str]], folder: str, named, _functions):
    for step, closure in closures.items():
        assert not closure & {f"{folder}.{name}" for name in named}, step
