"""Names that keys, files and tables share."""

from pathlib import Path

# The unpruned network, as a method; and the network that a closed loop ends with, as a point.
DENSE = "dense"
FINAL = "final"


def point_label(point: float) -> str:
    """Name of an operating point in file names and tables, e.g. ``4`` or ``2.5``."""
    return repr(float(point)).removesuffix(".0")


def artifact_folders(study: str) -> list[Path]:
    """Where a study's artifacts lie."""
    return [Path(top) / study for top in ("data", "models")]


def report_folder(study: str) -> Path:
    """Where a study's report lies: the default one's in ``reports/`` itself."""
    return Path("reports") if study == "default" else Path("reports") / study
