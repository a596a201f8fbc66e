"""The user's own tables: what is inferred, how rows are divided, and what is refused."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prunestudy.data import content
from prunestudy.data.dataset import Columns, content_of, dataset_of
from prunestudy.data.encoding import mixed, numbers
from prunestudy.data.folds import prepare_fold
from prunestudy.data.prepare import prepare
from prunestudy.data.settings import Data, SplitShares
from prunestudy.data.tensors import read_prepared, read_test
from prunestudy.errors import DataError, StudyError

ROWS = 60


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, where paths begin, and nothing that is remembered of another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(content, "_KEPT", {})
    return tmp_path


def table(rows: int = ROWS) -> pd.DataFrame:
    """Columns of every kind, a target of two classes, and an index."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"P-{place:03}" for place in range(rows)],
            "age": random.integers(20, 80, rows).astype(float),
            "city": random.choice(["Bern", "Rome", "Oslo"], rows),
            "note": [f"patient {place} felt quite well today" for place in range(rows)],
            "day": pd.date_range("2024-01-01", periods=rows)[::-1].strftime("%Y-%m-%d"),
            "clinic": [f"c{place % 12}" for place in range(rows)],
            "same": "x",
            "outcome": random.choice(["ill", "well"], rows),
        }
    )


def written(frame: pd.DataFrame | None = None, name: str = "t.csv", **options: Any) -> str:
    (table() if frame is None else frame).to_csv(name, index=False, **options)
    return name


def own(**more: Any) -> Data:
    return Data(**{"csv": ["t.csv"], "target": ["outcome"], **more})


def refused(data: Data) -> dict[str, str]:
    """The problems of data, by their places."""
    with pytest.raises(DataError) as caught:
        dataset_of(data)
    return {problem.path: str(problem) for problem in caught.value.problems}


# Kinds.


def test_kinds_are_inferred_and_what_says_nothing_of_other_rows_is_left_out():
    frame = table()
    frame.loc[[3, 5], "age"] = np.nan
    frame.loc[7, "city"] = None
    written(frame)
    found = dataset_of(own())
    assert found.facts is not None
    assert found.facts.columns == {
        "id": ("ignore", 0),
        "age": ("numeric", 2),
        "city": ("categorical", 1),
        "note": ("text", 0),
        "day": ("numeric", 0),
        "clinic": ("categorical", 0),
        "same": ("ignore", 0),
        "outcome": ("target", 0),
    }
    assert (found.target, found.classes, found.inputs) == ("class", ("ill", "well"), "mixed")
    assert found.facts.rows == ROWS
    assert found.facts.smallest_class == (frame["outcome"].value_counts()).min()
    assert sum(found.facts.parts.values()) == ROWS
    [told] = found.facts.warnings
    assert "id, same" in told


def test_kinds_that_are_told_are_taken():
    written()
    kinds = {"age": "categorical", "note": "ignore", "id": "categorical", "day": "ignore"}
    found = dataset_of(own(columns=kinds)).facts
    assert found is not None
    assert {name: found.columns[name][0] for name in kinds} == kinds


@pytest.mark.parametrize(
    ("values", "told", "kind", "classes"),
    [
        (["1", "2", "3"] * 20, None, "class", ("1", "2", "3")),
        ([f"{place}.5" for place in range(ROWS)], None, "value", ()),
        ([str(place) for place in range(ROWS)], None, "value", ()),
        (["0.5", "1.5"] * 30, None, "class", ("0.5", "1.5")),
        (["True", "False"] * 30, None, "class", ("False", "True")),
        (["1", "2", "10"] * 20, "class", "class", ("1", "2", "10")),
        (["1", "2", "3"] * 20, "value", "value", ()),
    ],
)
def test_targets_are_classes_or_values(
    values: list[str], told: Any, kind: str, classes: tuple[str, ...]
):
    written(table().assign(outcome=values))
    found = dataset_of(own(target_kind=told))
    assert (found.target, found.classes) == (kind, classes)
    assert found.outputs == (len(classes) or 1)


def test_several_columns_of_0_and_1_are_labels(tmp_path: Path):
    frame = table().assign(a=[0, 1] * 30, b=[1, 1, 0] * 20)
    written(frame)
    data = own(target=["a", "b"], columns={"outcome": "ignore"})
    found = dataset_of(data)
    assert (found.target, found.classes, found.outputs) == ("labels", ("a", "b"), 2)
    prepare(data, None, tmp_path / "p.safetensors")
    train = read_prepared(tmp_path / "p.safetensors").train
    assert train.targets.shape == (len(train), 2)
    assert train.targets.dtype.is_floating_point


def test_a_parquet_file_and_files_of_the_same_columns_hold_the_same_data(tmp_path: Path):
    frame = table()
    written(frame)
    written(frame[:40], "a.csv")
    written(frame[40:], "b.csv", sep=";")
    frame.to_parquet("t.parquet")
    outcomes = {}
    for name, data in {
        "one": own(),
        "two": own(csv=["a.csv", "b.csv"]),
        "parquet": Data(parquet=["t.parquet"], target=["outcome"]),
    }.items():
        prepare(data, None, tmp_path / name)
        outcomes[name] = read_prepared(tmp_path / name).train
    for name in ("two", "parquet"):
        assert (outcomes[name].inputs == outcomes["one"].inputs).all(), name
        assert (outcomes[name].targets == outcomes["one"].targets).all(), name


def test_space_around_a_cell_makes_no_other_class_category_or_group(tmp_path: Path):
    frame = table()
    written(frame)
    prepare(own(group="clinic"), None, tmp_path / "as it is")
    spaced = frame.astype(str)
    spaced.loc[::3, ["city", "clinic", "outcome"]] += " "
    written(spaced)
    prepare(own(group="clinic"), None, tmp_path / "with space")
    assert (tmp_path / "as it is").read_bytes() == (tmp_path / "with space").read_bytes()


def test_booleans_and_durations_of_parquet_files():
    frame = table().assign(outcome=[False, True] * 30)
    frame["stay"] = pd.to_timedelta(np.arange(ROWS) * 7 % 11, unit="h")
    frame.to_parquet("t.parquet")
    found = dataset_of(Data(parquet=["t.parquet"], target=["outcome"]))
    assert found.classes == ("false", "true")
    assert found.facts is not None
    assert found.facts.columns["stay"] == ("numeric", 0)


def test_rows_that_cannot_be_divided_are_told_in_words_of_this_library():
    written(table()[:20].assign(outcome=["ill", "well", "dead", "lost"] * 5))
    told = refused(own(split={"test": 0.1}))["split"]
    assert told.endswith("on both sides; change data.split or data.train_rows")


def test_a_byte_order_mark_and_other_separators_are_read(tmp_path: Path):
    written()
    expected = dataset_of(own()).facts
    for raw in (
        b"\xef\xbb\xbf" + Path("t.csv").read_bytes(),
        Path("t.csv").read_bytes().replace(b",", b";"),
        Path("t.csv").read_bytes().replace(b",", b"\t").replace(b"\n", b"\r\n"),
    ):
        Path("t.csv").write_bytes(raw)
        found = dataset_of(own()).facts
        assert expected is not None
        assert found is not None
        assert found.columns == expected.columns


# Encoding.

COLUMNS = Columns(
    numeric={"a": np.array([1.0, 3.0, np.nan, 100.0]), "b": np.array([2.0, 2.0, 2.0, 5.0])},
    categorical={"c": np.array(["x", "y", None, "unseen"], dtype=object)},
)
TRAIN = np.array([0, 1, 2])


def test_numbers_are_standardised_filled_and_one_hot_by_the_training_rows_alone():
    data = Data(name="digits")
    inputs, said = numbers.encode(COLUMNS, TRAIN, TRAIN, data)
    assert said == {"columns": ["a", "b", "a is missing", "c = x", "c = y", "c = missing"]}
    assert inputs.tolist() == [
        [-1, 0, 0, 1, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0, 1],
        [98, 3, 0, 0, 0, 0],
    ]


def test_mixed_has_the_place_of_each_category_and_0_for_an_unseen_one():
    inputs, said = mixed.encode(COLUMNS, TRAIN, TRAIN, Data(name="digits"))
    assert said == {"columns": ["a", "b", "a is missing", "c"], "categories": [4]}
    assert inputs[:, -1].tolist() == [1, 2, 3, 0]
    text = Columns(text={"t": np.array(["one"] * 4, dtype=object)})
    with pytest.raises(StudyError, match=r"reads no texts, and t are"):
        mixed.encode(text, TRAIN, TRAIN, Data(name="digits"))


@pytest.mark.parametrize("seed", range(3))
def test_what_test_rows_hold_changes_no_training_row(seed: int):
    random = np.random.default_rng(seed)
    other = Columns(
        numeric={
            name: np.append(one[:3], random.normal()) for name, one in COLUMNS.numeric.items()
        },
        categorical={"c": np.array(["x", "y", None, str(seed)], dtype=object)},
    )
    for kind in (numbers, mixed):
        found, again = (
            kind.encode(one, TRAIN, TRAIN, Data(name="digits"))[0] for one in (COLUMNS, other)
        )
        assert (found[TRAIN] == again[TRAIN]).all()


def test_texts_are_weights_of_the_training_rows_terms(tmp_path: Path):
    written()
    data = own(columns={name: "ignore" for name in ("age", "city", "day", "clinic")}, vocabulary=9)
    assert dataset_of(data).inputs == "text"
    prepare(data, None, tmp_path / "p")
    found = read_prepared(tmp_path / "p")
    assert found.input_shape == dataset_of(data).input_shape == (9,)
    assert "note: patient" in found.description["columns"]


@pytest.mark.parametrize("folds", [None, 5])
def test_the_shape_that_is_told_before_is_the_shape_that_is_prepared(
    folds: int | None, tmp_path: Path
):
    frame = table()
    frame.loc[::7, "age"] = np.nan
    frame.loc[0, "city"] = "Lima"
    written(frame)
    data = own(split=SplitShares(folds=folds))
    shape = dataset_of(data).input_shape
    for place in range(folds or 1):
        if folds:
            prepare_fold(data, 0, place, None, tmp_path / "p")
        else:
            prepare(data, None, tmp_path / "p")
        found = read_prepared(tmp_path / "p")
        assert found.input_shape == shape
        assert np.isfinite(found.train.inputs.numpy()).all()
        assert abs(found.train.inputs[:, 0].mean()) < 1e-5


# The split.


def test_rows_in_order_of_time_are_trained_validated_and_tested_in_it(tmp_path: Path):
    written()
    data = own(time="day", columns={"day": "numeric"}, train_rows=20)
    prepare(data, None, tmp_path / "p")
    found = read_prepared(tmp_path / "p")
    place = found.description["columns"].index("day")
    days = [
        one.inputs[:, place] for one in (found.train, found.validation, read_test(tmp_path / "p"))
    ]
    assert [len(one) for one in days] == [20, 12, 15]
    assert days[0].max() < days[1].min() <= days[1].max() < days[2].min()
    # Of fewer training rows the latest: no day lies between them and those of validation.
    assert (days[1].min() - days[0].max()) == pytest.approx(
        float(days[0].sort().values[1] - days[0].min()), rel=1e-4
    )


@pytest.mark.parametrize("folds", [None, 3])
def test_no_group_is_on_two_sides(folds: int | None, tmp_path: Path):
    written()
    data = own(
        group="clinic", columns={"clinic": "categorical"}, split=SplitShares(folds=folds, seed=1)
    )
    if folds:
        prepare_fold(data, 1, 2, None, tmp_path / "p")
    else:
        prepare(data, None, tmp_path / "p")
    found = read_prepared(tmp_path / "p")
    names = found.description["columns"]
    places = [place for place, name in enumerate(names) if name.startswith("clinic = ")]
    sides = []
    for one in (found.train, found.validation, read_test(tmp_path / "p")):
        codes = one.inputs[:, places]
        # A group that no training row has is 0 in all columns, unless folds share them.
        sides.append({tuple(row) for row in codes.tolist() if any(row)})
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert sides[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"time": "day", "group": "clinic"}, "time and group each divide the rows"),
        ({"time": "day", "split": {"folds": 3}}, "time divides the rows in order"),
        ({"name": "digits"}, "needs exactly one of .*, found name and csv"),
        ({"csv": None}, "needs exactly one of .*, found none"),
        ({"npz": "a.npz", "csv": None}, "target belongs to csv or parquet"),
        ({"target": None}, "csv needs target, too"),
        ({"image": "f", "group": "clinic"}, "group is of columns that are read, and with image"),
        ({"image": "f", "time": "day"}, "time is of columns"),
        ({"image": "f", "columns": {"age": "text"}}, "columns is of columns"),
        ({"npz": "a.npz", "csv": None, "target": None, "max_tokens": 9}, "max_tokens belongs to"),
    ],
)
def test_what_does_not_go_together_is_refused_with_why(given: dict[str, Any], told: str):
    with pytest.raises(ValueError, match=told):
        Data.model_validate({"csv": "t.csv", "target": "outcome", **given})


# What cannot be used.


def changed(column: str, row: int, value: Any) -> pd.DataFrame:
    frame = table().astype(object)
    frame.loc[row, column] = value
    return frame


def lines(text: str) -> None:
    Path("t.csv").write_text(text, encoding="utf-8")


BAD: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "missing file": (lambda: written(name="u.csv"), {}, "csv", "'t.csv' is not there"),
    "a folder": (lambda: Path("t.csv").mkdir(), {}, "csv", "is a folder"),
    "empty": (lambda: lines(""), {}, "csv", "'t.csv' is empty"),
    "blank": (lambda: lines("\n \n"), {}, "csv", "'t.csv' is empty"),
    "header alone": (lambda: lines("a,outcome\n"), {}, "csv", "has 0 rows"),
    "three rows": (lambda: written(table()[:3]), {}, "csv", "has 3 rows; at least 20"),
    "unknown target": (
        written,
        {"target": ["outcom"]},
        "target",
        "'t.csv' has no column 'outcom'; allowed: id, age, .* did you mean 'outcome'",
    ),
    "unknown kind": (written, {"columns": {"agee": "ignore"}}, "columns.agee", "mean 'age'"),
    "unknown time": (written, {"time": "dey"}, "time", "no column 'dey'.*did you mean 'day'"),
    "all missing": (
        lambda: written(table().assign(age=np.nan)),
        {},
        "columns.age",
        "has no value in any row",
    ),
    "constant value": (
        lambda: written(table().assign(outcome=1.5)),
        {"target_kind": "value"},
        "target",
        "'outcome' is '1.5' in every row",
    ),
    "one class": (
        lambda: written(table().assign(outcome="ill")),
        {},
        "target",
        "'outcome' is 'ill' in every row",
    ),
    "a missing target": (
        lambda: written(changed("outcome", 4, None)),
        {},
        "target",
        "'outcome' is missing in row 5;",
    ),
    "a rare class": (
        lambda: written(changed("outcome", 8, "odd")),
        {},
        "target",
        r"class 'odd' of 'outcome' has 1 row \(row 9\)",
    ),
    "too many classes": (
        written,
        {"target": ["id"]},
        "target",
        "'id' has 60 different values in 60 rows",
    ),
    "text for a value": (
        written,
        {"target_kind": "value"},
        "target",
        "'outcome' is no number: '(ill|well)' in row 1",
    ),
    "labels": (
        lambda: written(table().assign(a=[0, 1, 2] * 20, b=[0, 1] * 30)),
        {"target": ["a", "b"]},
        "target",
        "'a' is '2' in row 3; labels are 0 or 1",
    ),
    "not UTF-8": (
        lambda: Path("t.csv").write_bytes("name,outcome\na,b\nJörg,c\n".encode("latin-1")),
        {},
        "csv",
        "byte 19 in line 3 is 0xf6; convert it, e.g. iconv -f WINDOWS-1252",
    ),
    "UTF-16": (
        lambda: Path("t.csv").write_bytes("a,outcome\n".encode("utf-16")),
        {},
        "csv",
        "iconv -f UTF-16",
    ),
    "ragged": (
        lambda: lines("a,outcome\n1,2\n1,2,3\n1\n"),
        {},
        "csv",
        "has 2 columns, but line 3 has 3, line 4 has 1",
    ),
    "repeated names": (
        lambda: lines("a,a,outcome\n1,2,3\n"),
        {},
        "csv",
        "two columns of one name: 'a'",
    ),
    "too many columns": (
        lambda: lines(",".join(f"c{place}" for place in range(100_000)) + "\n"),
        {},
        "csv",
        "has 100,000 columns, at most 10,000",
    ),
    "other columns": (
        lambda: (written(), written(table().drop(columns="age"), "u.csv")),
        {"csv": ["t.csv", "u.csv"]},
        "csv",
        "do not have the same columns: 'age'",
    ),
    "decimal commas": (
        lambda: written(table().assign(age=[f"{place},5" for place in range(ROWS)]), sep=";"),
        {},
        "columns.age",
        "decimal commas: '0,5' in row 1",
    ),
    "other dates": (
        lambda: written(table().assign(day=["4/5/2024", "5/4/2024"] * 30)),
        {},
        "columns.day",
        "day and month cannot be told apart: '4/5/2024' in row 1; write them as YYYY-MM-DD",
    ),
    "a mistake among numbers": (
        lambda: written(changed("age", 6, "old")),
        {},
        "columns.age",
        "numbers but for 1 of 60 values: 'old' in row 7",
    ),
    "no number": (
        written,
        {"columns": {"city": "numeric"}},
        "columns.city",
        "is no number: '(Bern|Rome|Oslo)' in row 1, and 59 more",
    ),
    "infinite": (
        lambda: written(changed("age", 2, "1e60")),
        {},
        "columns.age",
        "infinite in single precision, in row 3",
    ),
    "no time": (
        lambda: written(changed("day", 2, None)),
        {"time": "day"},
        "time",
        "'day' is missing in row 3",
    ),
    "time in words": (written, {"time": "city"}, "time", "neither numbers nor dates"),
    "no group": (
        lambda: written(changed("clinic", 2, None)),
        {"group": "clinic"},
        "group",
        "'clinic' is missing in row 3",
    ),
    "a class in the test rows alone": (
        lambda: written(table().assign(outcome=["new"] * 5 + ["ill", "well"] * 27 + ["ill"])),
        {"time": "day"},
        "split",
        "class 'new' has 5 rows and none of them to train on",
    ),
    "a value that only later rows change": (
        lambda: written(table().assign(outcome=[*range(24), *[7.5] * 36])),
        {"time": "day", "target_kind": "value"},
        "split",
        "the target is 7.5 in each of the 33 training rows",
    ),
    "a class that is not validated": (
        lambda: written(table().assign(outcome=["ill"] * 27 + ["ill", "well"] * 12 + ["well"] * 9)),
        {"time": "day"},
        "split",
        "class 'well' has 21 rows and none of them to validate on",
    ),
    "few groups": (
        written,
        {"group": "same"},
        "split",
        "1 groups cannot be split",
    ),
    "nothing to predict from": (
        lambda: written(table()[["same", "outcome"]]),
        {},
        "columns",
        "no column is left to predict from",
    ),
    "another digest": (
        written,
        {"sha256": "0" * 64},
        "sha256",
        f"'t.csv' is not the expected file: expected {'0' * 64}, found [0-9a-f]{{64}}",
    ),
    "no file of that digest": (
        written,
        {"sha256": {"s.csv": "0" * 64}},
        "sha256",
        "'s.csv' is no file of these data; did you mean 't.csv'",
    ),
    "lists in cells": (
        lambda: table().assign(age=[[1]] * ROWS).to_parquet("t.parquet"),
        {"csv": None, "parquet": ["t.parquet"]},
        "parquet",
        "has lists, structures or bytes in 'age'",
    ),
    "a class that folds of groups keep apart": (
        lambda: written(
            table().assign(outcome=[("a", "b", "c")[min(place % 12, 2)] for place in range(ROWS)])
        ),
        {"group": "clinic", "split": SplitShares(folds=3)},
        "split",
        "class '[ab]' has 5 rows and none of them to train on",
    ),
    "no parquet": (
        lambda: lines("a,b\n"),
        {"csv": None, "parquet": ["t.csv"]},
        "parquet",
        "'t.csv' is no whole Parquet file",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_said_with_its_place_and_remedy(case: str):
    make, given, place, told = BAD[case]
    make()
    found = refused(own(**given))
    assert place in found, found
    assert re.search(told, found[place], re.DOTALL), found[place]


def test_every_problem_of_a_table_is_told_at_once():
    frame = changed("outcome", 4, None).assign(age=np.nan)
    frame["day"] = [f"{place},5" for place in range(ROWS)]
    written(frame)
    assert set(refused(own())) == {"target", "columns.age", "columns.day"}


def test_duplicates_on_two_sides_of_the_split_are_counted():
    frame = table().drop(columns=["id", "note", "day"])
    written(pd.concat([frame, frame]))
    found = dataset_of(own()).facts
    assert found is not None
    told = [one for one in found.warnings if "training rows as well" in one]
    assert len(told) == 2
    assert "test rows are training rows" in told[1]


# Identity.


def test_what_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written()
    past = Path("t.csv").stat().st_mtime - 60
    os.utime("t.csv", (past, past))
    first = dataset_of(own())
    # Another process: nothing is kept but what lies on the disk.
    code = (
        "import sys\nfrom prunestudy.data.dataset import dataset_of\n"
        "from prunestudy.data.settings import Data\n"
        "found = dataset_of(Data(csv=['t.csv'], target=['outcome']))\n"
        "print(found.input_shape, [m for m in ('pandas', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{first.input_shape} []"
    monkeypatch.setattr(content, "file_digest", lambda _path: pytest.fail("it was read again"))
    assert content_of(own()) == first.facts.files  # type: ignore[union-attr]
    assert json.loads((content.MEMORY / content.DIGESTS).read_text())


def test_another_content_is_another_identity_and_a_change_between_is_refused(tmp_path: Path):
    written()
    before = dataset_of(own())
    written(changed("age", 0, 99))
    after = content_of(own())
    assert before.facts is not None
    assert after != before.facts.files
    with pytest.raises(DataError, match=r"'t.csv' changed while the study ran"):
        before.read({})
