"""What lies in a report's folder, as its marker and its metrics say."""

from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from prunestudy.store.guarded import (
    FOLDER,
    Digest,
    Line,
    Stored,
    Unreadable,
    kind,
    read_json,
    read_model,
    regular_digest,
)

# The folders of a report that hold nothing else.
INNER = ("tables", "figures", "paper")
_DIGESTS = TypeAdapter(dict[str, Digest])


def read_marker(marker: Path, folder: Path) -> dict[str, str]:
    """sha256 of each file of the report in ``folder``, by its path.

    Raises:
        Unreadable: it is no marker, or names a file that is not in the folder.
    """
    said = read_json(marker)
    try:
        digests = _DIGESTS.validate_python(said, strict=True)
    except ValidationError:
        raise Unreadable(marker, "is no list of files and digests") from None
    for name in digests:
        path = PurePosixPath(name)
        if folder not in Path(path).parents or ".." in path.parts or path.as_posix() != name:
            raise Unreadable(marker, "names a file outside of the report")
    return digests


def report_digest(path: Path, folder: Path) -> str:
    """sha256 of a file of the report in ``folder``, within it reached through no link.

    Raises:
        Unreadable: it is missing or of another kind, or a folder on the way is.
    """
    for parent in reversed(path.parents):
        if folder in parent.parents and kind(parent) not in (FOLDER, None):
            raise Unreadable(path, f"{parent} is {kind(parent)}")
    return regular_digest(path)


def inner_folders(folder: Path, listed: dict[str, str]) -> list[Path]:
    """The folders of a report that hold nothing but what its marker lists."""
    named = {parent for name in listed for parent in Path(name).parents if folder in parent.parents}
    return sorted({*(folder / name for name in INNER), *named})


class Metrics(Stored):
    """What people are told of a report's numbers.

    Attributes:
        finding: sentences.
    """

    finding: list[Line]


def read_finding(folder: Path) -> str:
    """The finding of a finished report, a sentence a line.

    Raises:
        Unreadable: its metrics cannot be read.
    """
    return "\n".join(read_model(folder / "metrics.json", Metrics).finding)
