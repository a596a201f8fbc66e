"""Two versions of a study: which of its numbers moved beyond noise, and what only one has.

The reports of both versions are in git, so nothing has to run. Quality, size and latency are
compared seed by seed where both versions have the seeds, by the rules of the report.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from ruamel.yaml import YAML, YAMLError

from prunestudy.analysis.budget import MEASURES
from prunestudy.analysis.inputs import SEED_PLACE
from prunestudy.analysis.statistics import compare_paired, compare_ratios
from prunestudy.errors import StudyError
from prunestudy.params.reader import written_out
from prunestudy.store.tables import read_table

PLACE = ["task", "method", "point"]
# What is compared, and how. Latency against the dense network in the same process: other machines
# have other milliseconds.
COMPARED = {
    "test": compare_paired,
    "params_nonzero": compare_ratios,
    "macs_nonzero": compare_ratios,
    "latency_ratio_b64": compare_ratios,
}
MOVEMENT_COLUMNS = [*PLACE, "column", "n", "before", "after", "change", "low", "high", "verdict"]
PAIR = ["task", "first", "second"]


@dataclass(frozen=True)
class Version:
    """A study at one revision.

    Attributes:
        name: as people call the revision.
        params: content of its parameters file.
        results: its table of results, with the measured latencies.
        code: digests of its library's files, by path.
        headline: its table of the headline; empty where it has none.
        processors: of the machines that made it, as far as it says.
    """

    name: str
    params: dict[str, Any]
    results: pd.DataFrame
    code: dict[str, str]
    headline: pd.DataFrame = field(default_factory=pd.DataFrame)
    processors: frozenset[str] = frozenset()


def read_version(
    name: str, read: Callable[[str], bytes | None], params: Path, report: Path, code: dict[str, str]
) -> Version:
    """A version from a function that reads files of a revision.

    Raises:
        StudyError: the revision has no parameters or no report.
    """

    def needed(path: Path) -> bytes:
        content = read(path.as_posix())
        if content is None:
            raise StudyError(f"revision '{name}' has no {path}; is the study finished there?")
        return content

    def table(inner: str, required: bool = False) -> pd.DataFrame:
        path = report / "tables" / f"{inner}.csv"
        content = needed(path) if required else read(path.as_posix())
        if content is None:
            return pd.DataFrame()
        try:
            found = read_table(io.BytesIO(content))
        except ValueError:
            found = pd.DataFrame()
        if (required and found.empty) or not _as_written(inner, found):
            raise StudyError(
                f"revision '{name}': {path} is not as a study writes it; "
                "prunestudy verify tells what was edited"
            )
        return found

    try:
        told = written_out(YAML(typ="safe", pure=True).load(needed(params)))
    except (YAMLError, ValueError, TypeError, LookupError, AttributeError):
        told = None
    if not isinstance(told, dict):
        raise StudyError(f"revision '{name}': {params} cannot be read as parameters")
    results, latency = table("results", required=True), table("latency")
    headline, timings = table("headline"), table("timings")
    if len(latency):
        results = results.merge(latency, on=SEED_PLACE, how="left", validate="one_to_one")
    processors = timings.get("processor", pd.Series()).dropna()
    return Version(name, told, results, code, headline, frozenset(map(str, processors)))


def _as_written(name: str, table: pd.DataFrame) -> bool:
    """Whether a table has what is read of it: columns, numbers in them, one row a place."""
    places = SEED_PLACE if name in ("results", "latency") and len(table.columns) else []
    numbers = {one for one in ("seed", *COMPARED) if one in table} if places else set()
    needed = {*places}
    if name == "headline" and {*PAIR} <= {*table}:
        numbers = {f"{m.name}_{end}" for m in MEASURES for end in (m.kind, "low", "high")}
        needed = numbers | {f"{measure.name}_verdict" for measure in MEASURES}
    if not needed <= {*table} or (places and table.duplicated(places).any()):
        return False
    return table.empty or all(is_numeric_dtype(table[one]) for one in numbers)


def movements(first: Version, second: Version, level: float) -> pd.DataFrame:
    """One row a (task, method, point) and column of results that both versions have seeds of."""
    rows = []
    both = first.results.merge(second.results, on=[*PLACE, "seed"], suffixes=("_a", "_b"))
    for place, group in both.groupby(PLACE, sort=False):
        for column, compare in COMPARED.items():
            if not {f"{column}_a", f"{column}_b"} <= {*both}:
                continue
            before, after = group[f"{column}_a"], group[f"{column}_b"]
            found = compare(after.tolist(), before.tolist(), level)
            verdict = "the same" if before.tolist() == after.tolist() else found.verdict
            numbers = (before.mean(), after.mean(), found.summary.mean)
            bounds = (found.summary.low, found.summary.high)
            rows.append([*place, column, found.summary.n, *numbers, *bounds, verdict])
    return pd.DataFrame(rows, columns=MOVEMENT_COLUMNS)


def headlines(first: Version, second: Version) -> pd.DataFrame | None:
    """Both headlines, a row a comparison and measure; none where one version has no headline.

    Parts of the first version end in ``_a``, those of the second in ``_b``.
    """
    if not {*PAIR} <= {*first.headline} or not {*PAIR} <= {*second.headline}:
        return None
    both = first.headline.merge(second.headline, on=PAIR, suffixes=("_a", "_b"))
    tables = []
    for measure in MEASURES:
        parts = {measure.kind: "mean", "low": "low", "high": "high", "verdict": "verdict"}
        names = {
            f"{measure.name}_{a}_{end}": f"{b}_{end}" for a, b in parts.items() for end in "ab"
        }
        tables.append(both[[*PAIR, *names]].rename(columns=names).assign(measure=measure.name))
    return pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)


def only_in(version: Version, other: Version) -> tuple[list[int], list[str]]:
    """Seeds, and networks as task/method, that the other version does not have."""
    seeds = sorted(set(version.results["seed"]) - set(other.results["seed"]))
    own, there = (
        set(one.results[PLACE].itertuples(index=False, name=None)) for one in (version, other)
    )
    return seeds, sorted({f"{task}/{method}" for task, method, _ in own - there})
