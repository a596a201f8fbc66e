"""Two versions of a study: which parameters and code changed, and which numbers moved beyond noise.

The reports of both versions are in git, so nothing has to run. Quality, size and latency are
compared seed by seed where both versions have the seeds, by the rules of the report; the verdicts
of the headline stand side by side.
"""

import io
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from prunestudy.analysis.inputs import SEED_PLACE
from prunestudy.analysis.statistics import compare_paired, compare_ratios
from prunestudy.errors import StudyError
from prunestudy.plan.status import differences
from prunestudy.report import formatting
from prunestudy.report.blocks import Block, Fold, Grid, Section, Text
from prunestudy.store.tables import read_table

PLACE = ["task", "method", "point"]
# What is compared, how it is written, and whether by ratio.
MEASURES: dict[str, tuple[str, Callable[[float], str], bool]] = {
    "test": ("test quality", formatting.change, False),
    "params_nonzero": ("parameters", formatting.ratio, True),
    "macs_nonzero": ("MACs", formatting.ratio, True),
    # Against the dense network in the same process: other machines have other milliseconds.
    "latency_ratio_b64": ("speed-up in latency", formatting.ratio, True),
}
# What the headline of a study says: name of its columns, what it is, how it is written.
HEADLINE = (
    ("params", "ratio", "parameters", formatting.ratio),
    ("test", "difference", "test quality", formatting.change),
    ("time", "ratio", "time", formatting.ratio),
)
MOVED = ("higher", "lower")
SIZES = {"test quality": formatting.quality, "speed-up in latency": formatting.ratio}


@dataclass(frozen=True)
class Version:
    """A study at one revision.

    Attributes:
        name: as people call the revision.
        params: content of its parameters file.
        results: its table of results, with the measured latencies.
        headline: its table of the headline; empty where it has none.
        processors: of the machines that made it, as far as it says.
        code: digests of its library's files, by path.
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
    content = read(params.as_posix())
    results, latency, headline, timings = (
        _table(read, report / "tables" / f"{table}.csv")
        for table in ("results", "latency", "headline", "timings")
    )
    for path, found in ((params, content), (report / "tables" / "results.csv", results)):
        if found is None:
            raise StudyError(f"revision '{name}' has no {path}; is the study finished there?")
    assert content is not None
    assert results is not None
    if latency is not None:
        results = results.merge(latency, on=SEED_PLACE, how="left", validate="one_to_one")
    told = YAML(typ="safe", pure=True).load(content)
    made_on: list[str] = []
    if timings is not None and "processor" in timings:
        made_on = [str(one) for one in timings["processor"].dropna().unique()]
    headline = pd.DataFrame() if headline is None else headline
    return Version(name, told, results, code, headline, frozenset(made_on))


def _table(read: Callable[[str], bytes | None], path: Path) -> pd.DataFrame | None:
    content = read(path.as_posix())
    return None if content is None else read_table(io.BytesIO(content))


def comparison(first: Version, second: Version, level: float) -> list[Section]:
    """What changed and what moved, from the first version to the second."""
    moved = movements(first, second, level)
    told = moved[moved["verdict"].isin(MOVED)]
    if moved.empty:
        summary = "No seed of a network is in both versions, so no number can be compared."
        return _sections(first, second, (Text(summary),))
    count = formatting.plural(len(told), "number")
    summary = (
        f"From {first.name} to {second.name}: {count} of {len(moved)} moved beyond noise. "
        "A difference counts as noise where its interval includes none, or where it is smaller "
        f"than the standard deviation between seeds. Each is judged by itself, by its "
        f"{formatting.percent(level)} interval: of many that did not move, a few leave out none by "
        "chance."
    )
    every: list[Block] = [Text(summary)]
    if len(told):
        every.append(_grid("What moved beyond noise", told))
    if len(moved):
        every.append(Fold("Every number in both versions", (_grid("All of them", moved),)))
    return _sections(first, second, tuple(every))


def _sections(first: Version, second: Version, moved: tuple[Block, ...]) -> list[Section]:
    changes = (_params_grid(first, second), _code_text(first, second), *_machines(first, second))
    return [
        Section("changes", "What changed", changes),
        Section("headline", "The headline", _headlines(first, second)),
        Section("moved", "What moved", moved),
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
            if not {f"{name}_a", f"{name}_b"} <= {*both}:
                continue
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
        size = SIZES.get(row["measure"], formatting.count)
        low_high = formatting.interval(row["low"], row["high"], write)
        rows.append(
            (
                *(str(row[name]) for name in PLACE),
                row["measure"],
                str(row["n"]),
                size(row["before"]),
                size(row["after"]),
                write(row["change"]),
                low_high,
                row["verdict"],
            )
        )
    columns = (*PLACE, "measure", "n", "before", "after", "change", "interval", "verdict")
    words = "Changes of quality are differences, others ratios after ÷ before; paired by seed."
    return Grid(f"{caption}. {words}", columns, tuple(rows))


def _headlines(first: Version, second: Version) -> tuple[Block, ...]:
    """The headline of both versions, a row a comparison and measure: what changed, then all."""
    columns = ["task", "first", "second"]
    if not {*columns} <= {*first.headline} or not {*columns} <= {*second.headline}:
        return (Text("Not both versions have a headline."),)
    rows = []
    both = first.headline.merge(second.headline, on=columns, suffixes=("_a", "_b"))
    for row in both.to_dict("records"):
        for name, kind, measure, write in HEADLINE:
            versions = [
                (_estimate(row, name, kind, end, write), str(row[f"{name}_verdict_{end}"]))
                for end in "ab"
            ]
            (before, said), (after, says) = versions
            place = (str(row["task"]), f"{row['first']} against {row['second']}", measure)
            rows.append((*place, before, said, after, says))
    caption = (
        "Each method's smallest network within the budget, ratios and differences of the first "
        "against the second method, with their intervals."
    )
    names = ("task", "methods", "measure", first.name, "verdict", second.name, "verdict")
    changed = tuple(row for row in rows if row[4] != row[6])
    told: Block = Text(f"None of {len(rows)} verdicts of the headline changed.")
    if changed:
        told = Grid(f"Verdicts that changed. {caption}", names, changed)
    return told, Fold("Every line of both headlines", (Grid(caption, names, tuple(rows)),))


def _estimate(
    row: dict[Hashable, Any], name: str, kind: str, end: str, write: Callable[[float], str]
) -> str:
    mean, low, high = (row[f"{name}_{part}_{end}"] for part in (kind, "low", "high"))
    return (
        write(mean) if pd.isna(low) else f"{write(mean)} ({formatting.interval(low, high, write)})"
    )


def _params_grid(first: Version, second: Version) -> Block:
    changes = differences(first.params, second.params)
    if not changes:
        return Text("No parameter changed.")
    rows = tuple((path, _value(before), _value(after)) for path, before, after in changes)
    caption = f"Parameters that changed; {formatting.NOTHING} is a key that is not there."
    return Grid(caption, ("parameter", first.name, second.name), rows)


def _value(value: Any) -> str:
    """A parameter as people read it; of a whole group, that it is there."""
    if isinstance(value, dict):
        return f"a group of {formatting.plural(len(value), 'key')}"
    return formatting.NOTHING if value is None else str(value)


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


def _machines(first: Version, second: Version) -> list[Block]:
    """That other machines may be what moved times, and the last digits of networks."""
    if first.processors == second.processors:
        return []
    told = [
        f"{version.name} on {formatting.listed(sorted(version.processors)) or 'an unnamed processor'}"
        for version in (first, second)
    ]
    return [
        Text(
            f"Other machines: {', '.join(told)}. Latencies move with the machine, and training is "
            "the same to the bit on one platform only."
        )
    ]


def _only(first: Version, second: Version) -> Block:
    places = [
        set(version.results[PLACE].itertuples(index=False, name=None))
        for version in (first, second)
    ]
    told = []
    one, two = places
    for version, own, other in ((first, one, two), (second, two, one)):
        elsewhere = second if version is first else first
        seeds = sorted(set(version.results["seed"]) - set(elsewhere.results["seed"]))
        if seeds:
            numbers = formatting.listed([str(seed) for seed in seeds])
            told.append(f"Only {version.name} has the seeds {numbers}.")
        names = sorted({f"{task}/{method}" for task, method, _ in own - other})
        if names:
            told.append(f"Only {version.name} has networks of {formatting.listed(names)}.")
    return Text(" ".join(told) or "Both versions have the same tasks, methods and points.")
