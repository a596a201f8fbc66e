"""Ways to damage what a study has on disk."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunestudy.store.files import remove

Damage = Callable[[Path], None]


def _json(text: str) -> Damage:
    def damage(path: Path) -> None:
        remove(path)
        path.write_text(text)

    return damage


def _said(change: Callable[[dict[str, Any]], Any]) -> Damage:
    def damage(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    """A link to the very bytes."""
    kept = Path("kept") / path
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.rename(kept)
    path.symlink_to(kept.resolve())


def dangle(path: Path) -> None:
    remove(path)
    path.symlink_to("/nowhere/there")


def circle(path: Path) -> None:
    remove(path)
    path.symlink_to(path.name)


def pipe(path: Path) -> None:
    remove(path)
    os.mkfifo(path)


def folder(path: Path) -> None:
    remove(path)
    path.mkdir()


def huge(path: Path) -> None:
    remove(path)
    with path.open("wb") as file:
        file.truncate(2**40)


# Of any file, and of what is beside an artifact.
KINDS: dict[str, Damage] = {
    "a link": link,
    "a link to nowhere": dangle,
    "a link to itself": circle,
    "a pipe": pipe,
    "a folder": folder,
}
OF_SIDECARS: dict[str, Damage] = {
    "no key": _said(lambda said: said.pop("key")),
    "no parts": _said(lambda said: said.update(parts=None)),
    "parts of another shape": _said(lambda said: said.update(parts=[said["parts"]])),
    "no digests": _said(lambda said: said.pop("files")),
    "digests of another type": _said(lambda said: said.update(files=["a"])),
    "a digest that is none": _said(lambda said: said.update(sha256="0")),
    "another digest": _said(lambda said: said.update(sha256="0" * 64)),
    "no origin": _said(lambda said: said.update(made={})),
    "a moment that is none": _said(lambda said: said["made"].update(at="yesterday")),
    "a negative time": _said(lambda said: said["made"].update(seconds=-1)),
    "controls of a terminal": _said(lambda said: said["made"].update(platform="\x1b[2J")),
}
SHAPES: dict[str, Damage] = {
    **KINDS,
    "huge": huge,
    "gone": remove,
    "empty": _json(""),
    "null": _json("null"),
    "a list": _json("[]"),
    "a text": _json('"key"'),
    "a number": _json("1e999"),
    "NaN": _json('{"key": NaN}'),
    "nested deep": _json("[" * 100_000),
    "nested and closed": _json("[" * 5_000 + "]" * 5_000),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "a lone surrogate": _json('{"key": "\\ud800"}'),
    **OF_SIDECARS,
}
