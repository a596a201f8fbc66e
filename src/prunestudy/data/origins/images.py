"""A folder of the user's own images: each folder in it is a class."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from prunestudy.data.content import remembered
from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.division import rare_classes
from prunestudy.data.facts import facts_from, facts_of
from prunestudy.data.image_files import look_at, pixels_of, raise_all, title_of, warnings_of
from prunestudy.data.own_arrays import LEAST_ROWS, Targets
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem
from prunestudy.store.files import file_digest, text_digest

PLACE = "images"
# What is taken for an image; Pillow tells by the content what it is.
SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
        *(".pgm", ".ppm", ".pbm", ".pnm", ".tga", ".ico"),
    }
)


def content(data: Data) -> dict[str, str]:
    """sha256 over the names and contents of all images, in their order.

    Raises:
        DataError: the folder cannot be used.
    """
    return {str(data.images): str(_look(data)["sha256"])}


def describe(data: Data) -> Dataset:
    """What the headers of the images say.

    Raises:
        DataError: they cannot be used; it lists the problems.
    """
    found = _look(data)
    return Dataset(
        title=found["title"],
        target="class",
        input_shape=tuple(found["shape"]),
        members=(),
        read=partial(_read, data, found),
        classes=tuple(found["classes"]),
        inputs="images",
        facts=facts_from(found["facts"]),
    )


def _look(data: Data) -> dict[str, Any]:
    files, classes, ignored = _listed(data)
    return remembered(data, signatures(files), partial(_described, data, files, classes, ignored))


def _described(data: Data, listed: list[str], classes: list[str], ignored: int) -> dict[str, Any]:
    name, root = str(data.images), Path(str(data.images))
    files = list(map(Path, listed))
    targets = Targets("class", _targets(files, classes, root), tuple(classes))
    raise_all(rare_classes(targets.values, classes, name), PLACE)
    look = look_at(files, data.side, PLACE)
    digests = [file_digest(file) for file in files]
    whole = digest_of(files, digests, root)
    rows = [bytes.fromhex(one) for one in digests]
    warnings = [*warnings_of(name, look, ignored)]
    return {
        "title": title_of(name, files, look),
        "shape": list(look.shape),
        "classes": classes,
        "sha256": whole,
        "facts": facts_of(targets, data, {name: whole}, rows, warnings),
    }


def _read(data: Data, found: dict[str, Any], _files: Files) -> Arrays:
    listed, classes, _ignored = _listed(data)
    files = list(map(Path, listed))
    pixels = pixels_of(files, tuple(found["shape"]), data.side is not None, PLACE)
    return Arrays(pixels, _targets(files, classes, Path(str(data.images))))


def _targets(files: list[Path], classes: list[str], root: Path) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[file.relative_to(root).parts[0]] for file in files], np.int64)


def _listed(data: Data) -> tuple[list[str], list[str], int]:
    """Images sorted by their paths, the classes, and how many other files there are.

    Every check lists them anew, so there is no ``Path`` of each.
    """
    root = Path(str(data.images))
    if not root.is_dir():
        what = "is no folder" if root.exists() else "is not there"
        reason = f"{root} {what}; name a folder in the project's, with a folder of images a class"
        raise DataError([Problem(PLACE, reason)])
    entries = sorted(root.iterdir())
    folders = [one for one in entries if one.is_dir() and not one.name.startswith(".")]
    ignored = sum(one.is_file() for one in entries)
    found: list[str] = []
    bad = []
    for folder in folders:
        before = len(found)
        for place, inner, names in os.walk(folder):
            images = [one for one in names if _is_image(one)]
            ignored += len(names) - len(images)
            found += [f"{place}/{one}" for one in images]
            hidden = [one for one in inner if one.startswith(".")]
            ignored += sum(_files_in(f"{place}/{one}") for one in hidden)
            inner[:] = [one for one in inner if one not in hidden]
        if len(found) == before:
            bad.append(f"{folder} has no images; put some there, or remove the folder")
    classes = [folder.name for folder in folders]
    if not classes:
        bad.append(f"{root} has no folders; put the images of each class into a folder of its own")
    elif len(classes) == 1:
        bad.append(f"{root} has one class only, '{classes[0]}'; give two or more")
    elif not bad and len(found) < LEAST_ROWS:
        bad.append(f"{root} has {len(found)} images; give at least {LEAST_ROWS}")
    raise_all(bad, PLACE)
    return sorted(found), classes, ignored


def _is_image(name: str) -> bool:
    stem, _dot, suffix = name.rpartition(".")
    return stem != "" and not stem.startswith(".") and f".{suffix.lower()}" in SUFFIXES


def _files_in(folder: str) -> int:
    return sum(len(names) for _place, _inner, names in os.walk(folder))


def signatures(files: Sequence[str]) -> dict[str, str]:
    """What changes when one of the files does, read without their content."""
    told = []
    for file in files:
        try:
            state = Path(file).stat()
        except OSError:
            told.append(f"{file}\0")
            continue
        told.append(f"{file}\0{state.st_size} {state.st_mtime_ns} {state.st_ino}")
    return {"signatures": text_digest("\0\0".join(told))}


def digest_of(files: list[Path], digests: list[str], root: Path) -> str:
    """sha256 over the paths below ``root`` of files and their digests, in their order."""
    lines = [
        f"{digest}  {Path(os.path.relpath(file, root)).as_posix()}\n"
        for file, digest in zip(files, digests, strict=True)
    ]
    return text_digest("".join(lines))
