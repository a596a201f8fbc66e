"""Two versions of a study: which parameters and code changed, and which numbers moved beyond noise.

The reports of both versions are in git, so nothing has to run. Test quality is compared seed by
seed where both versions have the seeds, by the rules of the report.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from prunestudy.errors import StudyError
from prunestudy.evaluation.statistics import compare_paired, compare_ratios
from prunestudy.report import wording
from prunestudy.report.blocks import Block, Fold, Grid, Section, Text
from prunestudy.status import differences

PLACE = ["task", "method", "point"]
# What is compared, how it is written, and whether by ratio.
MEASURES: dict[str, tuple[str, Callable[[float], str], bool]] = {
    "test": ("test quality", wording.change, False),
    "params_nonzero": ("parameters", wording.ratio, True),
    "macs_nonzero": ("MACs", wording.ratio, True),
}
MOVED = ("higher", "lower")


@dataclass(frozen=True)
class Version:
    """A study at one revision.

    Attributes:
        name: as people call the revision.
        params: content of its parameters file.
        results: its table of results.
        code: digests of its library's files, by path.
    """

    name: str
    params: dict[str, Any]
    results: pd.DataFrame
    code: dict[str, str]


def read_version(
    name: str, read: Callable[[str], bytes | None], params: Path, report: Path, code: dict[str, str]
) -> Version:
    """A version from a function that reads files of a revision.

    Raises:
        StudyError: the revision has no parameters or no report.
    """
    found = {}
    for path in (params, report / "tables" / "results.csv"):
        content = read(path.as_posix())
        if content is None:
            raise StudyError(f"revision '{name}' has no {path}; is the study finished there?")
        found[path] = content
    text_columns = dict.fromkeys(("point", "task", "method"), "str")
    results = pd.read_csv(io.BytesIO(found[report / "tables" / "results.csv"]), dtype=text_columns)
    return Version(name, YAML(typ="safe", pure=True).load(found[params]), results, code)


def comparison(first: Version, second: Version, level: float) -> list[Section]:
    """What changed and what moved, from the first version to the second."""
    moved = movements(first, second, level)
    told = moved[moved["verdict"].isin(MOVED)]
    count = wording.plural(len(told), "number")
    summary = (
        f"From {first.name} to {second.name}: {count} of {len(moved)} moved beyond noise. "
        "A difference counts as noise where its interval includes none, or where it is smaller "
        "than the standard deviation between seeds."
    )
    every: list[Block] = [Text(summary)]
    if len(told):
        every.append(_grid("What moved beyond noise", told))
    if len(moved):
        every.append(Fold("Every number in both versions", (_grid("All of them", moved),)))
    changes = (_params_grid(first, second), _code_text(first, second))
    return [
        Section("changes", "What changed", changes),
        Section("moved", "What moved", tuple(every)),
        Section("only", "What only one version has", (_only(first, second),)),
    ]


def movements(first: Version, second: Version, level: float) -> pd.DataFrame:
    """One row a (task, method, point) and measure that both versions have seeds of."""
    rows = []
    names = list(MEASURES)
    both = first.results.merge(
        second.results, on=[*PLACE, "seed"], suffixes=("_a", "_b"), how="inner"
    )
    for place, group in both.groupby(PLACE, sort=False):
        for name in names:
            label, _write, by_ratio = MEASURES[name]
            before, after = group[f"{name}_a"].tolist(), group[f"{name}_b"].tolist()
            found = (compare_ratios if by_ratio else compare_paired)(after, before, level)
            verdict: str = found.verdict
            if before == after:
                verdict = "the same"
            rows.append(
                {
                    **dict(zip(PLACE, place, strict=True)),
                    "measure": label,
                    "n": found.summary.n,
                    "before": group[f"{name}_a"].mean(),
                    "after": group[f"{name}_b"].mean(),
                    "change": found.summary.mean,
                    "low": found.summary.low,
                    "high": found.summary.high,
                    "verdict": verdict,
                }
            )
    columns = [*PLACE, "measure", "n", "before", "after", "change", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _grid(caption: str, moved: pd.DataFrame) -> Grid:
    writers = {label: write for label, write, _ratio in MEASURES.values()}
    rows = []
    for row in moved.to_dict("records"):
        write = writers[row["measure"]]
        size = wording.quality if row["measure"] == "test quality" else wording.count
        low_high = f"{write(row['low'])} to {write(row['high'])}"
        rows.append(
            (
                *(str(row[name]) for name in PLACE),
                row["measure"],
                str(row["n"]),
                size(row["before"]),
                size(row["after"]),
                write(row["change"]),
                wording.NOTHING if pd.isna(row["low"]) else low_high,
                row["verdict"],
            )
        )
    columns = (*PLACE, "measure", "n", "before", "after", "change", "interval", "verdict")
    words = "Changes of quality are differences, others ratios after ÷ before; paired by seed."
    return Grid(f"{caption}. {words}", columns, tuple(rows))


def _params_grid(first: Version, second: Version) -> Block:
    changes = differences(first.params, second.params)
    if not changes:
        return Text("No parameter changed.")
    rows = tuple((path, str(before), str(after)) for path, before, after in changes)
    caption = "Parameters that changed; None is a key that is not there."
    return Grid(caption, ("parameter", first.name, second.name), rows)


def _code_text(first: Version, second: Version) -> Block:
    paths = sorted(
        path
        for path in {*first.code, *second.code}
        if first.code.get(path) != second.code.get(path)
    )
    if not paths:
        return Text("No file of the library changed.")
    shown = ", ".join(paths[:20]) + (f" and {len(paths) - 20} more" if len(paths) > 20 else "")
    return Text(f"Files of the library that changed: {shown}.")


def _only(first: Version, second: Version) -> Block:
    places = [
        set(version.results[PLACE].itertuples(index=False, name=None))
        for version in (first, second)
    ]
    told = []
    one, two = places
    for version, own, other in ((first, one, two), (second, two, one)):
        names = sorted({f"{task}/{method}" for task, method, _ in own - other})
        if names:
            told.append(f"Only {version.name} has networks of {wording.listed(names)}.")
    return Text(" ".join(told) or "Both versions have the same tasks, methods and points.")
