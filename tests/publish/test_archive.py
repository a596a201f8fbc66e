"""Archives: whole, checkable, the same bytes for the same content, and of nothing unchecked."""

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.publish.archive import CHECKSUMS, pack

TABLE = "reports/tables/results.csv"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with parameters, a report, and files that are of neither."""
    folder = tmp_path / "project"
    for name in ("params.yaml", TABLE, "reports/private.txt", "reports/tables/private.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    monkeypatch.chdir(folder)
    return folder


def listed() -> dict[str, str]:
    """The report's files as its marker lists them."""
    return {TABLE: hashlib.sha256(TABLE.encode()).hexdigest()}


def test_an_archive_holds_what_is_listed_and_no_more_with_its_checksums(project: Path):
    count = pack(Path("a.zip"), ["./params.yaml"], listed())
    with zipfile.ZipFile("a.zip") as packed:
        names = packed.namelist()
        sums = packed.read(CHECKSUMS).decode()
        for line in sums.splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(packed.read(name)).hexdigest() == digest
    assert count == len(names)
    assert names == ["params.yaml", TABLE, CHECKSUMS]
    assert len(sums.splitlines()) == count - 1


def test_the_same_content_gives_the_same_bytes(project: Path):
    pack(Path("a.zip"), ["params.yaml"], listed())
    (project / "params.yaml").touch()
    pack(Path("b.zip"), [project / "params.yaml"], listed())
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()


def edit(file: Path) -> None:
    file.write_text("other numbers")


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def folder_in_place(file: Path) -> None:
    file.unlink()
    file.mkdir()


def link_above(file: Path) -> None:
    file.parent.rename(file.parent.with_name("moved"))
    file.parent.symlink_to("moved")


@pytest.mark.parametrize("harm", [edit, Path.unlink, link, pipe, folder_in_place, link_above])
def test_a_listed_file_that_is_not_as_it_was_listed_is_refused_by_name(
    project: Path, harm: Callable[[Path], None]
):
    harm(project / TABLE)
    with pytest.raises(StudyError, match=TABLE):
        pack(Path("a.zip"), ["params.yaml"], listed())
    assert not Path("a.zip").exists()


@pytest.mark.parametrize("harm", [Path.unlink, link, pipe, folder_in_place])
def test_a_named_file_that_is_no_file_is_refused_by_name(
    project: Path, harm: Callable[[Path], None]
):
    harm(project / "params.yaml")
    with pytest.raises(StudyError, match=r"^params\.yaml: "):
        pack(Path("a.zip"), ["params.yaml"], listed())


@pytest.mark.parametrize("target", ["reports/private.txt", "../outside.yaml", "nowhere", "reports"])
@pytest.mark.parametrize("name", ["params.yaml", TABLE, "reports/tables"])
def test_a_link_is_refused_with_what_to_do(project: Path, name: str, target: str):
    (project.parent / "outside.yaml").touch()
    (project / name).rename(project / "kept")
    (project / name).symlink_to(target)
    told = f"{name}:? is a symbolic link to {target}, .*; put a copy of what it leads to"
    with pytest.raises(StudyError, match=told):
        pack(Path("a.zip"), ["params.yaml"], listed())
    assert not Path("a.zip").exists()


def test_the_folder_may_be_reached_through_a_link(project: Path, tmp_path: Path):
    pack(Path("a.zip"), ["params.yaml"], listed())
    link = tmp_path / "link"
    link.symlink_to(project)
    pack(link / "b.zip", [link / "params.yaml"], listed())
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()
    (link / "linked.yaml").symlink_to("params.yaml")
    with pytest.raises(StudyError, match=r"linked\.yaml: is a symbolic link to params\.yaml"):
        pack(Path("c.zip"), [link / "linked.yaml"], listed())


@pytest.mark.parametrize("name", ["../outside.yaml", "new\nline.yaml", "back\\slash.yaml", "a:b"])
def test_no_name_leads_out_of_the_archive_or_forges_its_checksums(project: Path, name: str):
    (project / name).write_text("seeds: [0]")
    with pytest.raises(StudyError, match=r"outside of|cannot keep this name"):
        pack(Path("a.zip"), [name], listed())


@pytest.mark.parametrize("out", ["params.yaml", TABLE, "reports", "reports/private.txt", "pipe"])
def test_an_archive_overwrites_nothing_but_an_archive(project: Path, out: str):
    os.mkfifo(project / "pipe")
    before = sorted(project.rglob("*"))
    with pytest.raises(StudyError, match="name another file"):
        pack(Path(out), ["params.yaml"], listed())
    assert sorted(project.rglob("*")) == before
    assert (project / "params.yaml").read_text() == "params.yaml"
    for _ in range(2):
        pack(Path("a.zip"), ["params.yaml"], listed())
