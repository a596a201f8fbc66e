"""Equivalence: identical, equal within the tolerance, or different, and where."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from prunestudy.plan.equivalence import DIFFERENT, EQUAL, IDENTICAL, TOLERANCE, equivalence
from prunestudy.store.tables import write_table


def artifact(folder: Path, change: float = 0.0, point: str = "2", spec: str = "a") -> Path:
    """A small trajectory: a network and its table."""
    folder.mkdir()
    weights = np.array([[0.5, -1.0 + change], [3.0, 0.0]], dtype=np.float32)
    save_file({"w": weights}, folder / "2.safetensors", metadata={"spec": spec})
    table = pd.DataFrame(
        {"point": [point], "val": [0.9 + change], "artifact_sha256": [str(change)]}
    )
    write_table(table, folder / "networks.csv")
    return folder


def test_equal_bytes_are_identical_whatever_snakemake_left_beside_them(tmp_path: Path):
    one, two = artifact(tmp_path / "a"), artifact(tmp_path / "b")
    (one / ".snakemake_timestamp").touch()
    assert equivalence(one, two).verdict == IDENTICAL


@pytest.mark.parametrize(
    ("change", "verdict"), [(TOLERANCE / 10, EQUAL), (TOLERANCE * 10, DIFFERENT), (1.0, DIFFERENT)]
)
def test_numbers_may_differ_by_the_tolerance(tmp_path: Path, change: float, verdict: str):
    found = equivalence(artifact(tmp_path / "a"), artifact(tmp_path / "b", change))
    assert found.verdict == verdict
    assert "largest relative difference" in found.where


@pytest.mark.parametrize("words", [{"point": "4"}, {"spec": "b"}])
def test_what_is_no_measure_may_not_differ(tmp_path: Path, words: dict[str, str]):
    found = equivalence(artifact(tmp_path / "a"), artifact(tmp_path / "b", **words))
    assert found.verdict == DIFFERENT


def test_missing_extra_and_damaged_files_are_named(tmp_path: Path):
    one, two = artifact(tmp_path / "a"), artifact(tmp_path / "b")
    assert equivalence(one, tmp_path / "c").verdict == DIFFERENT
    (two / "more.csv").touch()
    assert "more.csv" in equivalence(one, two).where
    (two / "more.csv").unlink()
    (two / "2.safetensors").write_bytes(b"no network")
    assert "2.safetensors: cannot be read" in equivalence(one, two).where


def test_numbers_that_are_none_are_equal_to_none_only(tmp_path: Path):
    one, two, three = (tmp_path / f"{name}.csv" for name in "abc")
    write_table(pd.DataFrame({"x": [1.0, np.nan]}), one)
    write_table(pd.DataFrame({"x": [1.0 + 1e-9, np.nan]}), two)
    write_table(pd.DataFrame({"x": [1.0, 2.0]}), three)
    assert equivalence(one, two).verdict == EQUAL
    assert equivalence(one, three).verdict == DIFFERENT


@pytest.mark.parametrize("name", ["latency.csv", "timings.csv", "results.csv.json"])
def test_measured_times_and_sidecars_inside_a_folder_are_not_compared(tmp_path: Path, name: str):
    one, two = artifact(tmp_path / "a"), artifact(tmp_path / "b")
    (one / name).write_text("1", encoding="utf-8")
    (two / name).write_text("2", encoding="utf-8")
    assert equivalence(one, two).verdict == IDENTICAL
    (two / "networks.csv").write_text("", encoding="utf-8")
    assert equivalence(one, two).verdict == DIFFERENT
