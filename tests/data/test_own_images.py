"""Images of the user's own, a class a folder or named in a CSV file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prunestudy.data import image_files
from prunestudy.data.dataset import content_of, dataset_of
from prunestudy.data.prepare import prepare
from prunestudy.data.settings import Data
from prunestudy.data.tensors import read_prepared
from prunestudy.errors import DataError

KINDS = {"ant": 10, "bee": 200}
EACH = 10


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with ten grey images of 6×4 of each of two kinds."""
    monkeypatch.chdir(tmp_path)
    for kind, shade in KINDS.items():
        for place in range(EACH):
            draw(f"photos/{kind}/{place}.png", shade + place)
    return tmp_path


def draw(path: str, shade: int = 0, size: tuple[int, int] = (6, 4), mode: str = "L") -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).convert(mode).save(file)


def cut(path: str, keep: int) -> None:
    Path(path).write_bytes(Path(path).read_bytes()[:keep])


PHOTOS = Data(images="photos")


# What is read.


def test_the_folders_are_the_classes_and_the_pixels_the_inputs():
    dataset = dataset_of(PHOTOS)
    assert (dataset.target, dataset.classes) == ("class", ("ant", "bee"))
    assert dataset.input_shape == (1, 4, 6)
    arrays = dataset.read({})
    assert arrays.inputs[:, 0, 0, 0].tolist() == [*range(10, 20), *range(200, 210)]
    assert arrays.targets.tolist() == [0] * EACH + [1] * EACH


def test_the_order_is_that_of_the_paths_and_the_digest_covers_names_and_content():
    first = content_of(PHOTOS)
    Path("photos/bee/3.png").rename("photos/bee/new.png")
    second = content_of(PHOTOS)
    assert dataset_of(PHOTOS).read({}).inputs[-1, 0, 0, 0] == 203
    draw("photos/bee/new.png", 7)
    assert len({str(one) for one in (first, second, content_of(PHOTOS))}) == 3
    shutil.copytree("photos", "moved")
    assert [*content_of(PHOTOS).values()] == [*content_of(Data(images="moved")).values()]


def test_a_side_resizes_all(here: Path):
    draw("photos/ant/large.png", 12, (50, 60))
    data = Data(images="photos", side=5)
    prepare(data, None, here / "prepared")
    assert read_prepared(here / "prepared").input_shape == (1, 5, 5)


def test_one_image_in_colour_makes_all_of_them_so_and_it_is_said():
    draw("photos/ant/c.jpg", 12, mode="RGB")
    draw("photos/ant/p.gif", 12, mode="P")
    dataset = dataset_of(PHOTOS)
    assert dataset.input_shape == (3, 4, 6)
    assert dataset.title == "photos, 22 images of 6×4, RGB"
    assert "20 images are grey and others are not" in dataset.facts.warnings[0]


def test_other_files_are_ignored_and_counted():
    draw("photos/bee/.hidden.png")
    Path("photos/readme.txt").write_text("mine")
    Path("photos/bee/notes.csv").write_text("a")
    Path("photos/.cache").mkdir()
    assert "photos: 3 other files are ignored" in dataset_of(PHOTOS).facts.warnings[0]


def test_copies_on_two_sides_of_the_split_are_counted():
    for place in range(EACH):
        draw(f"photos/ant/{place}.png", 1)
    facts = dataset_of(PHOTOS).facts
    assert facts.parts == {"train": 11, "validation": 4, "test": 5}
    copies = [facts.classes["ant"][part] for part in ("validation", "test")]
    told = [f"{copies[0]} of 4 validation", f"{copies[1]} of 5 test"]
    assert [one in warning for one, warning in zip(told, facts.warnings, strict=True)] == [True] * 2


def test_a_link_is_read_as_the_file_that_it_names():
    Path("photos/ant/link.png").symlink_to("0.png")
    assert len(dataset_of(PHOTOS).read({}).targets) == 21


def test_pixels_that_are_large_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, here: Path):
    whole = dataset_of(PHOTOS).read({}).inputs
    monkeypatch.setattr(image_files, "PIECE", 100)
    there = sorted(here.iterdir())
    mapped = dataset_of(PHOTOS).read({}).inputs
    assert isinstance(mapped, np.memmap)
    assert (mapped == whole).all()
    assert sorted(here.iterdir()) == there


def labelled(rows: str | None = None, **more: object) -> Data:
    files = [f"photos/{kind}/{place}.png" for kind in KINDS for place in range(EACH)]
    text = "\n".join(f"{file},{len(file) + place}" for place, file in enumerate(files))
    Path("labels.csv").write_text(f"file,label\n{text if rows is None else rows}\n")
    return Data(**{"csv": "labels.csv", "image": "file", "target": "label", **more})


def test_a_table_names_images_beside_it_with_their_targets():
    Path("sub").mkdir()
    Path("photos").rename("sub/photos")
    labelled(target_kind="value")
    Path("labels.csv").rename("sub/labels.csv")
    data = labelled(csv="sub/labels.csv", target_kind="value")
    dataset = dataset_of(data)
    assert (dataset.target, dataset.input_shape) == ("value", (1, 4, 6))
    assert dataset.read({}).targets[:2].tolist() == [16, 17]
    before = content_of(data)
    draw("sub/photos/ant/0.png", 99)
    assert content_of(data) != before


def test_a_table_of_images_is_read_as_any_other_table():
    rows = "".join(f"photos/{kind}/{one}.png;{kind} ;x\n" for kind in KINDS for one in range(EACH))
    Path("labels.csv").write_text("file;label;more\n" + rows)
    dataset = dataset_of(Data(csv=["labels.csv"], image="file", target=["label"]))
    assert dataset.classes == ("ant", "bee")
    assert len(dataset.read({}).targets) == 2 * EACH


# What is refused.


FEW = "\n".join(f"photos/ant/0.png,{int(place < 2)}" for place in range(20))


@pytest.mark.parametrize("named", [False, True], ids=["folders", "table"])
def test_a_class_that_is_not_trained_on_is_refused(named: bool):
    for place in range(40):
        draw(f"photos/ant/{place}.png", place)
    for place in range(4, EACH):
        Path(f"photos/bee/{place}.png").unlink()
    files = sorted(Path("photos").rglob("*.png"))
    rows = "\n".join(f"{file},{file.parent.name}" for file in files)
    data = labelled(rows, train_rows=5) if named else Data(images="photos", train_rows=5)
    with pytest.raises(DataError, match="split: class 'bee' has 4 rows and none of them to train"):
        dataset_of(data)


def many_empty() -> None:
    for place in range(EACH):
        cut(f"photos/bee/{place}.png", 0)
        cut(f"photos/ant/{place}.png", 0)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda: cut("photos/ant/3.png", 0), ["photos/ant/3.png is empty, it has no bytes"]),
        (
            lambda: Path("photos/ant/3.png").write_text("hello"),
            ["photos/ant/3.png is not an image"],
        ),
        (
            lambda: draw("photos/bee/5.png", size=(9, 9)),
            ["photos/bee/5.png has 9×9 pixels, and photos/ant/0.png has 6×4; write side"],
        ),
        (lambda: Path("photos/cow").mkdir(), ["photos/cow has no images"]),
        (lambda: shutil.rmtree("photos/bee"), ["photos has one class only, 'ant'"]),
        (lambda: shutil.rmtree("photos"), ["photos is not there"]),
        (lambda: Path("photos/ant/3.png").unlink() or _link(), ["3.png is a link to nothing"]),
        (
            lambda: Image.new("I;16", (6, 4)).save("photos/ant/3.png"),
            ["photos/ant/3.png has more than 8 bits a channel (I;16)"],
        ),
        (
            lambda: [draw(f"photos/cow/{place}.png") for place in range(2)],
            ["class 'cow' of photos has 2 rows, and each class needs 3"],
        ),
        (many_empty, ["photos/ant/9.png is empty", "and 10 more like these"]),
        (
            lambda: (cut("photos/ant/3.png", 0), draw("photos/bee/5.png", size=(9, 9))),
            ["photos/ant/3.png is empty", "photos/bee/5.png has 9×9"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_each_fault_of_a_folder_names_the_file_before_anything_runs(
    spoil: Callable[[], object], said: list[str]
):
    spoil()
    with pytest.raises(DataError) as caught:
        dataset_of(PHOTOS)
    assert all(part in str(caught.value) for part in said), caught.value


def _link() -> None:
    Path("photos/ant/3.png").symlink_to("nowhere.png")


def test_truncated_images_are_all_named_when_they_are_decoded(here: Path):
    for path in ("photos/ant/3.png", "photos/bee/4.png"):
        cut(path, 50)
    with pytest.raises(DataError) as caught:
        prepare(PHOTOS, None, here / "prepared")
    assert [one.reason.split(" (")[0] for one in caught.value.problems] == [
        "photos/ant/3.png is damaged",
        "photos/bee/4.png is damaged",
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: labelled(image="files"), "has no column 'files'; allowed: file, label; did you"),
        (lambda: labelled("photos/ant/0.png,\n" * 20), "target: 'label' has no value in any row"),
        (lambda: labelled(""), "'labels.csv' has 0 rows"),
        (lambda: labelled("\n".join(["photos/ant/0.png,1"] * 20)), "'label' is '1' in every row"),
        (lambda: labelled(FEW), "class '1' of 'label' has 2 rows (row 1, 2), and each"),
        (
            lambda: labelled("\n".join(f"photos/x.png,{place % 2}" for place in range(20))),
            "photos/x.png is not there",
        ),
        (lambda: Path("latin.csv").write_bytes(b"file,label\n\xff,1\n") and
            labelled(csv="latin.csv"), "'latin.csv' is not UTF-8"),
        (lambda: labelled(",1\n" * 20), "image: 'file' is missing in row 1;"),
    ],
)  # fmt: skip
def test_each_fault_of_a_table_of_images_names_the_line(make: Callable[[], Data], said: str):
    with pytest.raises(DataError) as caught:
        dataset_of(make())
    assert said in str(caught.value)
