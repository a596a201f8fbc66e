"""The contents of an artifact as they lie on disk: digests of its files, and what is no file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prunestudy.store.files import canonical_json, text_digest
from prunestudy.store.guarded import FILE, FOLDER, Unreadable, kind, regular_digest

# Snakemake's own note of when it looked at a folder, empty; no part of what a job wrote.
STAMP = ".snakemake_timestamp"


@dataclass(frozen=True)
class Contents:
    """What an artifact holds.

    Attributes:
        kind: what it is itself, in words.
        files: sha256 of each regular file, by its path inside the artifact.
        odd: what is wrong with all else in it: links, pipes, empty folders.
    """

    kind: str
    files: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 of the artifact, as its sidecar says it."""
        return digest_of(self.files, self.kind == FOLDER)


def digest_of(files: dict[str, str], folder: bool) -> str:
    """sha256 of an artifact: of its one file, or of the list of a folder's files and digests."""
    if not folder and len(files) == 1:
        return next(iter(files.values()))
    return text_digest(canonical_json(files))


def contents(path: Path) -> Contents:
    """Look at a file or folder; no link is followed, no pipe is opened."""
    found = kind(path) or "gone"
    files: dict[str, str] = {}
    odd: dict[str, str] = {}
    members = walk(path) if found == FOLDER else [(path, found)] if found == FILE else []
    for member, what in members:
        name = path.name if member == path else member.relative_to(path).as_posix()
        if what != FILE:
            odd[name] = "is an empty folder" if what == FOLDER else f"is {what}"
        elif name != STAMP or member.lstat().st_size:
            try:
                files[name] = regular_digest(member)
            except Unreadable as error:
                odd[name] = error.reason
    return Contents(found, files, odd)


def walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Everything below a folder but the folders that hold something: its path and what it is."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        inner = sorted(place.iterdir())
        if not inner and place != folder:
            yield place, FOLDER
        for path in inner:
            found = kind(path)
            if found == FOLDER:
                waiting.append(path)
            elif found is not None:
                yield path, found
