"""Sources and fetch: bytes are accepted by digest only, and nothing else is written."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from prunestudy.data import fetch as step
from prunestudy.data.dataset import find_dataset
from prunestudy.data.sources import Bundled, LocalFile, Member, Unavailable
from prunestudy.errors import StudyError

CONTENT = b"one,two\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def local(tmp_path: Path):
    """A file somewhere on the machine, as a source."""

    def source(content: bytes = CONTENT, name: str = "file.csv") -> LocalFile:
        path = tmp_path / name
        path.write_bytes(content)
        return LocalFile(str(path), "put it there")

    return source


def test_fetch_writes_every_file_and_says_where_it_came_from(tmp_path: Path):
    found = step.fetch("diabetes", tmp_path / "raw")
    assert {file.name for file in (tmp_path / "raw").iterdir()} == set(found)
    for member in find_dataset("diabetes").members:
        content = (tmp_path / "raw" / member.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == member.sha256
        assert found[member.name].startswith("bundled sklearn.datasets.data/")


def test_other_bytes_name_both_digests_and_write_nothing(
    tmp_path: Path, local, monkeypatch: pytest.MonkeyPatch
):
    other = b"one,too\n"
    members = (
        Member("good.csv", DIGEST, (local(),)),
        Member("bad.csv", DIGEST, (local(other, "bad.csv"),)),
    )
    changed = replace(find_dataset("digits"), members=members)
    monkeypatch.setattr(step, "find_dataset", lambda _name: changed)
    with pytest.raises(StudyError) as caught:
        step.fetch("digits", tmp_path / "raw")
    message = str(caught.value)
    assert f"expected sha256 {DIGEST}" in message
    assert f"found    sha256 {hashlib.sha256(other).hexdigest()}" in message
    assert "bad.csv" in message
    assert not (tmp_path / "raw").exists()


def test_a_wrong_digest_is_not_passed_over_for_the_next_source(local):
    member = Member("file.csv", DIGEST, (local(b"other", "a"), local(CONTENT, "b")))
    with pytest.raises(StudyError, match="not the expected data"):
        member.fetch()


def test_sources_are_tried_in_order(local):
    absent = LocalFile("/nowhere/file.csv", "install it")
    content, source = Member("file.csv", DIGEST, (absent, local())).fetch()
    assert content == CONTENT
    assert source.startswith("file ")
    assert source.endswith("file.csv")


def test_a_file_that_no_source_has_names_each_and_what_to_do():
    sources = (
        LocalFile("/nowhere/file.csv", "install the package so-and-so"),
        Bundled("no_such_package", "file.csv"),
        Bundled("sklearn.datasets.data", "no-such-file.csv"),
    )
    with pytest.raises(StudyError) as caught:
        Member("file.csv", DIGEST, sources).fetch()
    lines = str(caught.value).splitlines()
    assert lines[0] == "'file.csv' cannot be had from any of its sources:"
    assert "install the package so-and-so" in lines[1]
    assert lines[2].strip().startswith("bundled no_such_package/file.csv")
    assert len(lines) == 4


def test_a_bundled_file_of_no_package_is_unavailable():
    with pytest.raises(Unavailable):
        Bundled("no_such_package", "file.csv").read()


def test_gzip_is_decompressed_before_its_digest_is_compared(local):
    member = Member("file.csv", DIGEST, (local(gzip.compress(CONTENT), "file.csv.gz"),))
    assert member.fetch()[0] == CONTENT


def packed() -> bytes:
    """The content in gzip's format."""
    return gzip.compress(CONTENT * 100, mtime=0)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", packed()[:-6], packed()[:12] + b"\xff" * 8 + packed()[20:]],
    ids=["another format", "cut", "damaged"],
)
def test_a_file_that_is_not_gzip_is_named(local, content: bytes):
    source = local(content, "file.csv.gz")
    with pytest.raises(StudyError, match=r"file\.csv\.gz: is not a whole gzip file"):
        Member("file.csv", DIGEST, (source,)).fetch()
