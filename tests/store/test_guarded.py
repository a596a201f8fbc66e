"""Guarded reading: whatever lies there, a value or a sentence, at once."""

import contextlib
import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.store.contents import contents
from prunestudy.store.files import canonical_json, file_digest, text_digest
from prunestudy.store.guarded import (
    LIMIT,
    Stored,
    Unreadable,
    kind,
    read_bytes,
    read_json,
    read_model,
    read_text,
    regular_digest,
    shown,
)
from prunestudy.store.tables import benchmark_seconds
from tests.plan.damages import KINDS

TEXTS = st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


class Pair(Stored):
    name: str
    number: float


@given(VALUES)
def test_a_model_is_read_or_a_sentence_names_the_file(tmp_path: Path, value: object):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(value))
    with pytest.raises(Unreadable, match=r"file\.json: (is not JSON|does not hold)"):
        read_model(path, Pair)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_value_or_a_sentence(tmp_path: Path, content: bytes):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_bytes(path) == content
    assert benchmark_seconds(path) is None
    for read in (read_text, read_json):
        # Whatever else it raises fails this test.
        with contextlib.suppress(Unreadable):
            read(path)


@pytest.mark.parametrize("how", KINDS)
def test_what_is_no_file_is_not_read(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    path = Path("file")
    path.write_text("content")
    KINDS[how](path)
    for read in (read_bytes, regular_digest):
        with pytest.raises(Unreadable, match=rf"file: is {kind(path)}"):
            read(path)
    found = contents(path)
    assert found.files == {}
    assert found.kind == kind(path)


def test_a_socket_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("file")
        with pytest.raises(Unreadable, match="is a socket"):
            read_bytes(Path("file"))


def test_what_is_larger_than_it_can_be_is_not_read(tmp_path: Path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(Unreadable, match="is larger than"):
        read_bytes(path)
    assert len(read_bytes(path, LIMIT + 1)) == LIMIT + 1


@pytest.mark.parametrize(
    "text",
    ["[" * 300 + "]" * 300, "NaN", "[Infinity]", '{"a": -Infinity}', '"\\ud800"', "{'a': 1}"],
)
def test_json_that_others_would_stumble_over_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(Unreadable, match="is not JSON"):
        read_json(path)


def test_contents_are_digested_as_artifacts_are(tmp_path: Path):
    folder = tmp_path / "made"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a").write_text("1")
    (folder / "b").write_bytes(bytes(2**21))
    files = {name: file_digest(folder / name) for name in ("b", "inner/a")}
    assert contents(folder).files == files
    assert contents(folder).digest == text_digest(canonical_json(files))
    assert contents(folder / "b").digest == files["b"]
    stamp = folder / ".snakemake_timestamp"
    stamp.touch()
    assert contents(folder).files == files
    stamp.write_text("something")
    assert set(contents(folder).files) == {*files, stamp.name}
    stamp.unlink()
    (folder / "empty").mkdir()
    os.mkfifo(folder / "inner" / "pipe")
    assert contents(folder).odd == {"empty": "is an empty folder", "inner/pipe": "is a named pipe"}


@given(st.binary(min_size=1, max_size=50).filter(lambda name: b"\x00" not in name))
def test_any_name_can_be_printed_in_a_line(name: bytes):
    told = shown(Path(os.fsdecode(name)))
    assert told.isprintable()
    told.encode("utf-8")
