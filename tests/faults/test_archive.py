"""Archives of a study by the real command: of what was checked, or none."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.publish.archive import CHECKSUMS
from prunestudy.run.locks import RUN_LOCK
from tests.faults.conftest import while_held
from tests.workflow.conftest import STUDY, Checkout

ARCHIVE = ("prunestudy", "archive", "--params", f"studies/{STUDY}.yaml", "--out", "a.zip")
REPORT = f"reports/{STUDY}"


@pytest.fixture(scope="module")
def shared(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the finished checkout that every test here leaves whole."""
    return finished.copy(tmp_path_factory.mktemp("archive") / "checkout")


def refused(place: Checkout, *command: str) -> str:
    """What is said where no archive is made."""
    done = place.attempt(*(command or ARCHIVE))
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert not (place.folder / "a.zip").exists()
    return done.stdout


def test_an_archive_holds_the_report_and_its_manifest_and_no_stray(shared: Checkout) -> None:
    strays = [f"{REPORT}/private.txt", f"{REPORT}/tables/private.csv", f"{REPORT}/figures/a.svg"]
    for name in strays:
        (shared.folder / name).write_text("private")
    shared.call(*ARCHIVE)
    with zipfile.ZipFile(shared.folder / "a.zip") as packed:
        names = packed.namelist()
        packed.extractall(shared.folder / "unpacked")
    for name in strays:
        (shared.folder / name).unlink()
    assert not set(strays) & set(names)
    wanted = {f"studies/{STUDY}.yaml", f"{REPORT}/manifest.json", f"{REPORT}/index.html"}
    assert wanted | {f"{REPORT}/tables/results.csv", "studies/dvc.lock", CHECKSUMS} <= set(names)
    shared.call("sh", "-c", f"cd unpacked && sha256sum --check --strict {CHECKSUMS}")
    assert len((shared.folder / "unpacked" / CHECKSUMS).read_text().splitlines()) == len(names) - 1
    (shared.folder / "a.zip").unlink()


def edit(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"0", b"9"))


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/hostname")


@pytest.mark.parametrize("harm", [edit, Path.unlink, pipe, link])
@pytest.mark.parametrize(
    "name",
    [
        f"{REPORT}/tables/results.csv",
        f"{REPORT}/index.html",
        f"{REPORT}/manifest.json",
        f"models/{STUDY}/report-*.marker",
        f"models/{STUDY}/tables-*/results.csv",
        "LICENSE",
    ],
)
def test_what_was_edited_or_swapped_is_refused_by_name(
    shared: Checkout, name: str, harm: Callable[[Path], None]
) -> None:
    if name == "LICENSE" and harm in (edit, Path.unlink):
        pytest.skip("a file of the project's own, which may be edited or left out")
    file = shared.find(name)
    content = file.read_bytes()
    harm(file)
    said = refused(shared)
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    assert str(file.relative_to(shared.folder)) in said or "has no report" in said


def test_parameters_from_elsewhere_are_refused(shared: Checkout, tmp_path: Path) -> None:
    outside = shared.folder.parent / "outside.yaml"
    outside.write_bytes(shared.params.read_bytes())
    assert "lies outside of" in refused(
        shared, "prunestudy", "archive", "--params", "../outside.yaml", "--out", "a.zip"
    )


@pytest.mark.parametrize("out", [f"studies/{STUDY}.yaml", f"{REPORT}/index.html", "models", "src"])
def test_nothing_but_an_archive_is_overwritten(shared: Checkout, out: str) -> None:
    assert "name another file with --out" in refused(shared, *ARCHIVE[:-1], out)


def test_an_archive_waits_for_a_run_at_work(shared: Checkout) -> None:
    archive = shared.folder / "a.zip"
    moments: list[bool] = []
    code, said = while_held(shared, RUN_LOCK, lambda: moments.append(archive.exists()), *ARCHIVE)
    assert code == 0, said
    assert "another run is at work" in said
    assert moments == [False]
    archive.unlink()
