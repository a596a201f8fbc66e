"""An archive of a study: what a reader needs to check it and to make it again, with checksums."""

import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.store.files import written_whole
from prunestudy.store.guarded import FILE, FOLDER, LARGE, bytes_digest, kind, read_bytes, shown

CHECKSUMS = "SHA256SUMS"
# The first moment that zip can say: an archive's bytes depend on its content alone.
MOMENT = (1980, 1, 1, 0, 0, 0)
# What a line of the checksums, and every system that unpacks them, takes for a name.
NAME = re.compile(r"[^\x00-\x1f\x7f\\:]+")


def pack(out: Path, files: Iterable[str | Path], digests: Mapping[str, str]) -> int:
    """Write a zip file of some files of the working folder; return how many it holds.

    ``SHA256SUMS`` names each with its digest, for ``sha256sum --check``: every file is read once,
    and what was read is digested, compared and packed.

    Args:
        digests: further files, each with the sha256 that it must have.

    Raises:
        StudyError: a file lies elsewhere, is reached through a link, is not what it should be, or
            is what ``out`` would overwrite.
    """
    contents: dict[str, bytes] = {}
    for name in [*map(_inside, files), *digests]:
        contents[name] = _read(Path(name))
        if name in digests and bytes_digest(contents[name]) != digests[name]:
            raise StudyError(f"{shown(name)}: is not what its job wrote; run the study again")
    lines = [f"{bytes_digest(content)}  {name}" for name, content in contents.items()]
    contents[CHECKSUMS] = ("\n".join(lines) + "\n").encode()
    _check_free(out, contents)
    with written_whole(out) as scratch, zipfile.ZipFile(scratch, "w") as packed:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return len(contents)


def _inside(file: str | Path) -> str:
    """A file's name in the archive: its path from the working folder."""
    path = Path(os.path.normpath(Path.cwd() / file))
    if not path.is_relative_to(Path.cwd()):
        # A shell may have come here, and so call this folder, by way of a link.
        path = path.parent.resolve() / path.name
    if not path.is_relative_to(Path.cwd()):
        raise StudyError(
            f"{shown(file)}: lies outside of {Path.cwd()}; copy it into the project, so that who "
            "unpacks the archive has it in its place"
        )
    name = path.relative_to(Path.cwd()).as_posix()
    if not NAME.fullmatch(name) or shown(name) != name:
        raise StudyError(f"{shown(file)}: an archive cannot keep this name; rename the file")
    return name


def _read(path: Path) -> bytes:
    """The content of a regular file that is reached through no link."""
    for place in (*reversed(path.parents), path):
        found = kind(place)
        if found not in (FILE if place == path else FOLDER, None):
            told, advice = f"is {found}", "remove it"
            if place != path:
                told = f"{shown(place)} {told}"
            if place.is_symlink():
                told += f" to {shown(place.readlink())}"
                advice = "put a copy of what it leads to in its place"
            raise StudyError(
                f"{shown(path)}: {told}, and an archive holds regular files in their own places "
                f"alone; {advice}"
            )
    return read_bytes(path, LARGE)


def _check_free(out: Path, contents: Mapping[str, bytes]) -> None:
    """Refuse to write over anything but an earlier archive."""
    found = kind(out)
    if Path(os.path.normpath(Path.cwd() / out)) in {Path.cwd() / name for name in contents}:
        raise StudyError(f"{shown(out)}: is part of what is packed; name another file with --out")
    if found is not None and (found != FILE or not zipfile.is_zipfile(out)):
        raise StudyError(
            f"{shown(out)}: is there and is no archive, and would be lost; name another file "
            "with --out"
        )
