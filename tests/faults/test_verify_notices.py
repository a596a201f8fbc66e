"""Every file of a finished study, damaged in every way: verify names it, and one run heals all."""

import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from tests.plan.damages import KINDS, flip
from tests.workflow.conftest import STUDY, Checkout, contents

VERIFY = ("prunestudy", "verify", "--params", f"studies/{STUDY}.yaml")
PLACES = (f"data/{STUDY}", f"models/{STUDY}", f"reports/{STUDY}")
STAMP = ".snakemake_timestamp"
HARMS: dict[str, Callable[[Path], None]] = {**KINDS, "a flipped bit": flip, "gone": Path.unlink}


@pytest.fixture(scope="module")
def shared(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the finished checkout that the tests here hand on, whole."""
    return finished.copy(tmp_path_factory.mktemp("notices") / "checkout")


def managed(place: Checkout) -> list[Path]:
    """Every file that the study's jobs and its run wrote."""
    paths = (path for inner in PLACES for path in (place.folder / inner).rglob("*"))
    files = (path for path in paths if path.is_file() and path.name != STAMP)
    return sorted(path.relative_to(place.folder) for path in files)


def restore(place: Checkout, finished: Checkout) -> None:
    for inner in PLACES:
        shutil.rmtree(place.folder / inner)
        shutil.copytree(finished.folder / inner, place.folder / inner, symlinks=True)


def noticed(place: Checkout, path: Path, told: str) -> bool:
    """Whether verify names a file; of an artifact that is gone, its cell."""
    if str(path) in told:
        return True
    return not (place.folder / path).exists() and ": not up to date: its file is gone" in told


@pytest.mark.parametrize("how", HARMS)
def test_a_damage_of_any_file_is_noticed(shared: Checkout, finished: Checkout, how: str) -> None:
    files = managed(shared)
    assert len(files) > 100
    # One at a time: artifact and sidecar, marker and report speak for each other.
    groups = [
        [path for path in files if path.suffix not in (".json", ".marker")],
        [path for path in files if path.suffix == ".json" and path.name != "manifest.json"],
        [path for path in files if path.suffix == ".marker" or path.name == "manifest.json"],
    ]
    for group in groups:
        with chdir(shared.folder):
            for path in group:
                HARMS[how](path)
        done = shared.attempt(*VERIFY)
        assert done.returncode == 1
        assert "Traceback" not in done.stdout
        missed = [path for path in group if not noticed(shared, path, done.stdout)]
        assert missed == []
        restore(shared, finished)
    assert "are what their jobs wrote" in shared.call(*VERIFY)


def test_one_run_heals_whatever_was_damaged(shared: Checkout, finished: Checkout) -> None:
    harms = list(HARMS.values())
    with chdir(shared.folder):
        for turn, path in enumerate(managed(shared)):
            harms[turn % len(harms)](path)
    for command in ("status", "verify", "gc"):
        done = shared.attempt("prunestudy", command, "--params", f"studies/{STUDY}.yaml")
        assert "Traceback" not in done.stdout, done.stdout
    said = shared.study()
    assert "damaged: " in said
    assert contents(shared) == contents(finished)
    assert "are what their jobs wrote" in shared.call(*VERIFY)
    root = [line for line in said.splitlines() if line.startswith("Reproduced: root ")]
    assert len(root) == 1, said
