"""Folders of networks: their list, or the reason why there are none."""

from pathlib import Path
from typing import Any

from prunestudy.store.files import remove
from prunestudy.store.tables import read_table

FAILURE_FILE = "failure.txt"


def write_failure(folder: Path, cause: str) -> None:
    """Fill an artifact's folder with nothing but the reason why there is no outcome."""
    remove(folder)
    folder.mkdir(parents=True)
    (folder / FAILURE_FILE).write_text(cause + "\n", encoding="utf-8")


def failure_of(folder: Path) -> str | None:
    """Why an artifact holds no outcome; none if it does hold one."""
    file = folder / FAILURE_FILE
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def kept_networks(folder: Path) -> list[dict[str, Any]]:
    """The rows of a trajectory's networks; none where its cell has failed."""
    if failure_of(folder) is not None:
        return []
    rows = read_table(folder / "networks.csv").to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
