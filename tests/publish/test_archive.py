"""Archives: whole, checkable, and the same bytes for the same content."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from prunestudy.publish.archive import CHECKSUMS, pack


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with parameters, a report, and the report of another study inside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "reports/index.html", "reports/tables/results.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    other = tmp_path / "reports" / "other" / "tables"
    other.mkdir(parents=True)
    (other / "results.csv").touch()
    return tmp_path


def test_an_archive_holds_what_it_should_with_its_checksums(project: Path):
    count = pack(Path("a.zip"), ["params.yaml", "missing.lock"], Path("reports"))
    with zipfile.ZipFile("a.zip") as packed:
        names = packed.namelist()
        sums = packed.read(CHECKSUMS).decode()
        for line in sums.splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(packed.read(name)).hexdigest() == digest
    assert count == len(names)
    assert names == ["params.yaml", "reports/index.html", "reports/tables/results.csv", CHECKSUMS]
    assert len(sums.splitlines()) == count - 1


def test_the_same_content_gives_the_same_bytes(project: Path):
    pack(Path("a.zip"), ["params.yaml"], Path("reports"))
    (project / "params.yaml").touch()
    pack(Path("b.zip"), ["params.yaml"], Path("reports"))
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()
