"""Folders of networks: their list, or the reason why there are none."""

import io
from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter

from prunestudy.store.files import remove
from prunestudy.store.guarded import Line, Stored, Unreadable, kind, read_bytes, read_text, shown
from prunestudy.store.tables import read_table

FAILURE_FILE = "failure.txt"
NETWORKS_FILE = "networks.csv"


class _Kept(Stored):
    """What every row of a trajectory's networks says, whatever it says besides."""

    point: Line
    stage: int
    epochs: float
    file: Annotated[str, StringConstraints(pattern=r"^[\w.-]+\.safetensors$")]


_ROWS = TypeAdapter(list[_Kept])


def write_failure(folder: Path, cause: str) -> None:
    """Fill an artifact's folder with nothing but the reason why there is no outcome."""
    remove(folder)
    folder.mkdir(parents=True)
    (folder / FAILURE_FILE).write_text(cause + "\n", encoding="utf-8")


def failure_of(folder: Path) -> str | None:
    """Why an artifact holds no outcome; none if it does hold one.

    Raises:
        StudyError: the reason cannot be read.
    """
    file = folder / FAILURE_FILE
    if kind(file) is None:
        return None
    return "\n".join(shown(line) for line in read_text(file).strip().splitlines())


def kept_networks(folder: Path) -> list[dict[str, Any]]:
    """The rows of a trajectory's networks; none where its cell has failed.

    Raises:
        StudyError: they cannot be read.
    """
    if failure_of(folder) is not None:
        return []
    file = folder / NETWORKS_FILE
    content = read_bytes(file)
    try:
        table = read_table(io.BytesIO(content))
        _ROWS.validate_python(table[[*_Kept.model_fields]].to_dict("records"))
    except (ValueError, LookupError):
        raise Unreadable(
            file, f"is no list of networks; delete {shown(folder)} and run the study again"
        ) from None
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
