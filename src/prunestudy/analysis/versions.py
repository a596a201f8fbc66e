"""Two versions of a study: which of its numbers moved beyond noise, and what only one has.

The reports of both versions are in git, so nothing has to run. Quality, size and latency are
compared seed by seed where both versions have the seeds, by the rules of the report.
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from ruamel.yaml import YAML, YAMLError

from prunestudy.analysis.comparisons import KEY
from prunestudy.analysis.inputs import SEED_PLACE, overlap_of
from prunestudy.analysis.measures import RATIO, Measure, judge
from prunestudy.analysis.statistics import compare, family_levels
from prunestudy.errors import StudyError
from prunestudy.params.reader import written_out
from prunestudy.params.report_settings import margin_of
from prunestudy.store.tables import read_table
from prunestudy.training.metrics.settings import METRICS

PLACE = ["task", "method", "point"]
# What is compared, and how. Latency against the dense network in the same process: other machines
# have other milliseconds.
COMPARED = {
    "test": Measure("test", "difference", "higher"),
    "params_nonzero": Measure("params_nonzero", "ratio", "lower"),
    "macs_nonzero": Measure("macs_nonzero", "ratio", "lower"),
    "latency_ratio_b64": Measure("latency_ratio_b64", "ratio", "higher"),
}
MOVEMENT_COLUMNS = [*PLACE, "column", "n", "before", "after", "change", "low", "high", "verdict"]
# Of comparisons between methods, what both versions show.
PARTS = ("estimate", "low", "high", "verdict")


@dataclass(frozen=True)
class Version:
    """A study at one revision.

    Attributes:
        name: as people call the revision.
        params: content of its parameters file.
        results: its table of results, with the measured latencies.
        code: digests of its library's files, by path.
        comparisons: its table of comparisons; empty where it has none, or has it as older
            versions wrote it.
        processors: of the machines that made it, as far as it says.
    """

    name: str
    params: dict[str, Any]
    results: pd.DataFrame
    code: dict[str, str]
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    processors: frozenset[str] = frozenset()

    def overlap(self, task: str) -> float:
        """Test ÷ all other rows where the seeds of a task have folds of their own, else 0."""
        found: Any = self.params
        for name in ("tasks", task, "data", "split", "folds"):
            found = found.get(name) if isinstance(found, dict) else None
        return overlap_of(found)

    def higher_is_better(self, task: str) -> bool:
        """Whether more of a task's metric is better."""
        found: Any = self.params
        for name in ("tasks", task, "metric"):
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return found.get("higher_is_better") is not False
        known = METRICS.get(str(found))
        return known is None or known.higher_is_better


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
    compared, timings = table("comparisons"), table("timings")
    if not {*KEY} <= {*compared}:
        compared = pd.DataFrame()
    if len(latency):
        results = results.merge(latency, on=SEED_PLACE, how="left", validate="one_to_one")
    processors = timings.get("processor", pd.Series()).dropna()
    return Version(name, told, results, code, compared, frozenset(map(str, processors)))


def _as_written(name: str, table: pd.DataFrame) -> bool:
    """Whether a table has what is read of it: columns, numbers in them, one row a place."""
    places = SEED_PLACE if name in ("results", "latency") and len(table.columns) else []
    numbers = {one for one in ("seed", *COMPARED) if one in table} if places else set()
    needed = {*places}
    if name == "comparisons" and {*KEY} <= {*table}:
        numbers, needed = {"estimate", "low", "high"}, {*PARTS}
    if not needed <= {*table} or (places and table.duplicated(places).any()):
        return False
    return table.empty or all(is_numeric_dtype(table[one]) for one in numbers)


def movements(
    first: Version, second: Version, level: float, margins: Mapping[str, float]
) -> pd.DataFrame:
    """One row a (task, method, point) and column of results that both versions have seeds of.

    The verdict is of the second version, against margins by metric and of ``ratio``; the rows of a
    column are a family, so that among many numbers none seems to have moved by chance alone.
    """
    metrics = dict(second.results.reindex(columns=["task", "metric"]).to_numpy())
    both = first.results.merge(second.results, on=[*PLACE, "seed"], suffixes=("_a", "_b"))
    rows = []
    for column, measure in COMPARED.items():
        if not {f"{column}_a", f"{column}_b"} <= {*both}:
            continue
        pairs = []
        for place, group in both.groupby(PLACE, sort=False):
            overlap = max(one.overlap(str(place[0])) for one in (first, second))
            before, after = group[f"{column}_a"].tolist(), group[f"{column}_b"].tolist()
            pairs.append((place, before, after, compare(after, before, measure.kind, overlap)))
        # What is the same to the last digit was not made anew, and tests nothing.
        tested = [math.nan if one[1] == one[2] else one[3].p_t for one in pairs]
        levels = family_levels(tested, level)
        for (place, before, after, found), (near, away) in zip(pairs, levels, strict=True):
            metric = RATIO if measure.kind == "ratio" else metrics[place[0]]
            interval = found.interval(near, away)
            of_task = measure.of(second.higher_is_better(str(place[0])))
            judged = judge(of_task, found, interval, margin_of(margins, metric))
            verdict = "the same" if before == after else judged.verdict
            numbers = (fmean(before), fmean(after), found.estimate, *interval)
            rows.append([*place, column, found.n, *numbers, verdict])
    order = {place: rank for rank, place in enumerate(both.groupby(PLACE, sort=False).groups)}
    rows.sort(key=lambda row: order[tuple(row[: len(PLACE)])])
    return pd.DataFrame(rows, columns=MOVEMENT_COLUMNS)


def both_comparisons(first: Version, second: Version) -> pd.DataFrame | None:
    """The comparisons between methods that both versions have; none where one has none at all.

    One row a (measure, task, at, first, second); parts of the first version end in ``_a``, those
    of the second in ``_b``.
    """
    if first.comparisons.empty or second.comparisons.empty:
        return None
    a, b = (one.comparisons[[*KEY, *PARTS]] for one in (first, second))
    return a.merge(b, on=KEY, suffixes=("_a", "_b"))


def only_in(version: Version, other: Version) -> tuple[list[int], list[str]]:
    """Seeds, and networks as task/method, that the other version does not have."""
    seeds = sorted(set(version.results["seed"]) - set(other.results["seed"]))
    own, there = (
        set(one.results[PLACE].itertuples(index=False, name=None)) for one in (version, other)
    )
    return seeds, sorted({f"{task}/{method}" for task, method, _ in own - there})
