"""Artifacts: written whole or not at all, with a sidecar that says what they are."""

import hashlib
import json
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.errors import StudyError
from prunestudy.store.contents import contents
from prunestudy.store.files import (
    canonical_json,
    file_digest,
    remove,
    write_text,
    written_whole,
)
from prunestudy.store.names import point_label
from prunestudy.store.sidecars import made, read_sidecar, sidecar_path
from prunestudy.store.tables import read_table, write_table

KEY = "0123456789abcdef" * 4


class Broken(Exception):
    """A failure in the middle of writing."""


def break_off(writing: AbstractContextManager[Path], folder: bool = False) -> None:
    """Write half of a file or folder, then fail."""
    with writing as scratch:
        if folder:
            scratch.mkdir()
        (scratch / "first" if folder else scratch).write_text("half")
        raise Broken


# Whole or not at all.


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "deep" / "file.txt"
    with written_whole(path) as scratch:
        scratch.write_text("half")
        assert not path.exists()
        assert scratch.parent == path.parent
        scratch.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_nothing(tmp_path: Path):
    with pytest.raises(Broken):
        break_off(written_whole(tmp_path / "file.txt"))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_a_folder_leaves_nothing(tmp_path: Path):
    with pytest.raises(Broken):
        break_off(written_whole(tmp_path / "folder"), folder=True)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_former_file(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("former")
    with pytest.raises(Broken):
        break_off(written_whole(path))
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_body_that_writes_nothing_leaves_the_former_file(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("former")
    with pytest.raises(FileNotFoundError), written_whole(path):
        pass
    assert path.read_text() == "former"


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with written_whole(path) as scratch:
        scratch.mkdir()
        (scratch / "new").write_text("new")
    assert [file.name for file in path.iterdir()] == ["new"]


def test_a_folder_takes_the_place_of_a_file(tmp_path: Path):
    path = tmp_path / "artifact"
    path.write_text("former")
    with written_whole(path) as scratch:
        scratch.mkdir()
        (scratch / "new").write_text("new")
    assert (path / "new").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_write_left_is_cleared_by_the_next(tmp_path: Path):
    path = tmp_path / "folder"
    with written_whole(path) as scratch:
        left = scratch
        scratch.mkdir()
    left.mkdir()
    (left / "half").touch()
    with written_whole(path) as scratch:
        scratch.mkdir()
        (scratch / "whole").touch()
    assert [file.name for file in path.iterdir()] == ["whole"]
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_replaced(tmp_path: Path):
    path = tmp_path / "file.txt"
    write_text(path, "first")
    write_text(path, "zweitens, ß\n")
    assert path.read_text(encoding="utf-8") == "zweitens, ß\n"


def test_remove_takes_files_folders_links_and_nothing(tmp_path: Path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    for name in ("link", "file", "folder", "absent"):
        remove(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()


# Digests.


def test_the_digest_of_a_file_is_the_sha256_of_its_bytes(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(path) == contents(path).digest == expected


def test_the_digest_of_a_folder_follows_names_places_and_contents(tmp_path: Path):
    def folder(name: str, files: dict[str, str]) -> Path:
        for file, text in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / name

    first = folder("first", {"a": "1", "in/b": "2"})
    assert contents(first).files == {
        "a": hashlib.sha256(b"1").hexdigest(),
        "in/b": hashlib.sha256(b"2").hexdigest(),
    }
    digests = [
        contents(first).digest,
        contents(folder("content", {"a": "1", "in/b": "3"})).digest,
        contents(folder("name", {"a": "1", "in/c": "2"})).digest,
        contents(folder("place", {"a": "1", "b": "2"})).digest,
        contents(folder("more", {"a": "1", "in/b": "2", "c": ""})).digest,
    ]
    assert len(set(digests)) == len(digests)
    assert contents(folder("twin", {"in/b": "2", "a": "1"})).digest == digests[0]


# Sidecars.


def test_a_made_file_has_a_sidecar_that_matches(tmp_path: Path):
    path = tmp_path / "table.csv"
    parts = {"step": "collect", "params": {"b": 1, "a": [1, 2]}}
    notes = {"sources": "here"}
    with made(path, KEY, parts, notes) as scratch:
        scratch.write_text("a\n1\n")
        notes["rows"] = "1"
    sidecar = read_sidecar(path)
    assert sidecar.key == KEY
    assert sidecar.parts == parts
    assert sidecar.sha256 == file_digest(path)
    assert sidecar.files == {"table.csv": file_digest(path)}
    assert sidecar.made.model_extra == {"sources": "here", "rows": "1"}
    assert sidecar.made.seconds >= 0
    assert sidecar.made.peak_memory_mb > 1
    assert sorted(tmp_path.iterdir()) == sorted([path, sidecar_path(path)])


def test_a_made_folder_has_a_sidecar_beside_it_with_a_digest_of_each_file(tmp_path: Path):
    path = tmp_path / "adaptive-0123"
    with made(path, KEY, {}) as scratch:
        scratch.mkdir()
        (scratch / "b").write_text("2")
        (scratch / "a").write_text("1")
    sidecar = read_sidecar(path)
    assert sidecar_path(path) == tmp_path / "adaptive-0123.json"
    assert sidecar.sha256 == contents(path).digest
    assert sidecar.files == contents(path).files
    (path / "a").write_text("tampered")
    assert sidecar.sha256 != contents(path).digest


@pytest.mark.parametrize("linked", [False, True])
def test_a_job_that_leaves_nothing_leaves_the_former_artifact_and_its_sidecar(
    linked: bool, tmp_path: Path
):
    path = tmp_path / "file"
    with made(path, KEY, {}) as scratch:
        scratch.write_text("former")
    before = sidecar_path(path).read_bytes()
    nothing = pytest.raises(FileNotFoundError, match="nothing was written")
    with nothing, made(path, KEY, {}) as scratch:
        if linked:
            scratch.symlink_to(path)
    assert (path.read_text(), sidecar_path(path).read_bytes()) == ("former", before)


def test_what_no_artifact_holds_is_refused_when_it_is_made(tmp_path: Path):
    refused = pytest.raises(StudyError, match="what was made holds empty, which is an empty folder")
    with refused, made(tmp_path / "folder", KEY, {}) as scratch:
        (scratch / "empty").mkdir(parents=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_compared_does_not_depend_on_when_it_was_made(tmp_path: Path):
    compared = []
    for _ in range(2):
        with made(tmp_path / "file", KEY, {"a": 1}) as scratch:
            scratch.write_text("same")
        compared.append(read_sidecar(tmp_path / "file").model_dump(exclude={"made"}))
    assert compared[0] == compared[1]


def test_a_failed_making_leaves_neither_artifact_nor_sidecar(tmp_path: Path):
    with pytest.raises(Broken):
        break_off(made(tmp_path / "file", KEY, {}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_sidecar_that_cannot_be_read_says_what_to_do(tmp_path: Path, text: str | None):
    path = tmp_path / "file"
    if text is not None:
        sidecar_path(path).write_text(text)
    with pytest.raises(StudyError, match=r"delete .* and run the study again"):
        read_sidecar(path)


# Texts and tables.


def test_canonical_json_is_one_text_for_one_content():
    assert canonical_json({"b": [1, 2.5], "a": None}) == '{"a":null,"b":[1,2.5]}'
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_canonical_json_reads_back_the_same(content: dict[str, float]):
    assert json.loads(canonical_json(content)) == content


@pytest.mark.parametrize(("point", "label"), [(2.0, "2"), (2.5, "2.5"), (32, "32")])
def test_the_label_of_a_point(point: float, label: str):
    assert point_label(point) == label


@given(
    st.floats(min_value=1, max_value=100_000, exclude_min=True), st.sampled_from([1e-9, 1e-5, 1e-2])
)
def test_two_points_share_no_label(first: float, apart: float):
    second = first * (1 + apart)
    assert point_label(first) != point_label(second)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_in_a_table_read_back_the_same(tmp_path: Path, values: list[float]):
    file = tmp_path / "table.csv"
    write_table(pd.DataFrame({"value": values}), file)
    assert read_table(file)["value"].tolist() == values


def test_points_and_names_in_a_table_stay_text(tmp_path: Path):
    table = pd.DataFrame(
        {"task": ["null", "nan"], "method": ["none", "1"], "point": ["2", "final"], "val": [0.5, 1]}
    )
    write_table(table, tmp_path / "table.csv")
    found = read_table(tmp_path / "table.csv")
    assert found["task"].tolist() == ["null", "nan"]
    assert found["method"].tolist() == ["none", "1"]
    assert found["point"].tolist() == ["2", "final"]
    assert found["val"].tolist() == [0.5, 1.0]


@pytest.mark.parametrize("name", ["point", "task", "method", "layer", "criterion"])
def test_names_that_look_like_numbers_stay_text(tmp_path: Path, name: str):
    write_table(pd.DataFrame({name: ["1", "2.50"], "val": [1, 2.5]}), tmp_path / "table.csv")
    found = read_table(tmp_path / "table.csv")
    assert found[name].tolist() == ["1", "2.50"]
    assert found["val"].tolist() == [1.0, 2.5]


def test_a_table_has_the_same_bytes_on_every_system(tmp_path: Path):
    write_table(pd.DataFrame({"a": [1], "b": [0.1]}), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == b"a,b\n1,0.1\n"
