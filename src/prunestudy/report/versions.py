"""Two versions of a study as a page: parameters, code, headline, and which numbers moved."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from prunestudy.analysis.versions import PLACE, Version, headlines, movements, only_in
from prunestudy.plan.status import differences
from prunestudy.report import formatting
from prunestudy.report.blocks import Block, Fold, Section, Table, Text
from prunestudy.report.formatting import NOTHING, count, interval, listed, plural, ratio
from prunestudy.report.telling import WORDS

# A column of results: what it is, how its value is written, and how its change.
COLUMNS = {
    "test": ("test quality", formatting.quality, formatting.change),
    "params_nonzero": ("parameters", count, ratio),
    "macs_nonzero": ("MACs", count, ratio),
    "latency_ratio_b64": ("speed-up in latency", ratio, ratio),
}
SHOWN_FILES = 20
NO_COMMON_SEED = "No seed of a network is in both versions, so no number can be compared."
MOVED = (
    "From {first} to {second}: {moved} of {total} moved beyond noise. A difference is noise where "
    "its {level} interval includes none, or where it is smaller than the standard deviation "
    "between seeds. Each is judged by itself: a few of many leave out none by chance."
)
HEADLINE = (
    "Each method's smallest network within the budget: ratios and differences of the first against "
    "the second method, with their intervals."
)
MACHINES = (
    "Other machines: {told}. Latencies move with the machine, and training is the same to the bit "
    "on one platform only."
)


def comparison(first: Version, second: Version, level: float) -> list[Section]:
    """What changed and what moved, from the first version to the second."""
    changes = (_params(first, second), _code(first, second), *_machines(first, second))
    return [
        Section("changes", "What changed", changes),
        Section("headline", "The headline", _headlines(first, second)),
        Section("moved", "What moved", _moved(first, second, level)),
        Section("only", "What only one version has", (_only(first, second),)),
    ]


def _moved(first: Version, second: Version, level: float) -> tuple[Block, ...]:
    table = movements(first, second, level)
    if table.empty:
        return (Text(NO_COMMON_SEED),)
    moved = table[table["verdict"].isin(["higher", "lower"])]
    numbers = {
        "moved": plural(len(moved), "number"),
        "total": len(table),
        "level": formatting.percent(level),
    }
    text = Text(MOVED.format(first=first.name, second=second.name, **numbers))
    told = (_movements("What moved beyond noise", moved),) if len(moved) else ()
    every = _movements("All of them", table)
    return (text, *told, Fold("Every number in both versions", (every,)))


def _movements(caption: str, table: pd.DataFrame) -> Table:
    rows = []
    for *place, column, n, before, after, moved, low, high, verdict in table.itertuples(
        index=False
    ):
        measure, write, write_change = COLUMNS[column]
        numbers = (str(n), write(before), write(after), write_change(moved))
        bounds = interval(low, high, write_change)
        rows.append((*map(str, place), measure, *numbers, bounds, verdict))
    columns = (*PLACE, "measure", "n", "before", "after", "change", "interval", "verdict")
    words = "Changes of quality are differences, others ratios after ÷ before; paired by seed."
    return Table(f"{caption}. {words}", columns, tuple(rows))


def _headlines(first: Version, second: Version) -> tuple[Block, ...]:
    """The headline of both versions, a row a comparison and measure: what changed, then all."""
    table = headlines(first, second)
    if table is None:
        return (Text("Not both versions have a headline."),)
    names = ("task", "methods", "measure", first.name, "verdict", second.name, "verdict")
    rows = tuple(_headline(row) for row in table.to_dict("records"))
    changed = tuple(row for row in rows if row[4] != row[6])
    told: Block = Text(f"None of {len(rows)} verdicts of the headline changed.")
    if changed:
        told = Table(f"Verdicts that changed. {HEADLINE}", names, changed)
    return told, Fold("Every line of both headlines", (Table(HEADLINE, names, rows),))


def _headline(row: dict[Hashable, Any]) -> tuple[str, ...]:
    words = WORDS[row["measure"]]
    found = [str(row["task"]), f"{row['first']} against {row['second']}", words.title]
    for end in "ab":
        mean, low, high = (row[f"{part}_{end}"] for part in ("mean", "low", "high"))
        found += [formatting.estimate(mean, low, high, words.write), str(row[f"verdict_{end}"])]
    return tuple(found)


def _params(first: Version, second: Version) -> Block:
    changes = differences(first.params, second.params)
    if not changes:
        return Text("No parameter changed.")
    rows = tuple((path, _value(before), _value(after)) for path, before, after in changes)
    caption = f"Parameters that changed; {NOTHING} is a key that is not there."
    return Table(caption, ("parameter", first.name, second.name), rows)


def _value(value: Any) -> str:
    """A parameter as people read it; of a whole group, that it is there."""
    if isinstance(value, dict):
        return f"a group of {plural(len(value), 'key')}"
    return NOTHING if value is None else str(value)


def _code(first: Version, second: Version) -> Block:
    paths = sorted({*first.code, *second.code})
    changed = [path for path in paths if first.code.get(path) != second.code.get(path)]
    if not changed:
        return Text("No file of the library changed.")
    more = f" and {len(changed) - SHOWN_FILES} more" if len(changed) > SHOWN_FILES else ""
    return Text(f"Files of the library that changed: {', '.join(changed[:SHOWN_FILES])}{more}.")


def _machines(first: Version, second: Version) -> list[Block]:
    """That other machines may be what moved times, and the last digits of networks."""
    if first.processors == second.processors:
        return []
    told = [
        f"{version.name} on {listed(sorted(version.processors)) or 'an unnamed processor'}"
        for version in (first, second)
    ]
    return [Text(MACHINES.format(told=", ".join(told)))]


def _only(first: Version, second: Version) -> Block:
    told = []
    for version, other in ((first, second), (second, first)):
        seeds, networks = only_in(version, other)
        if seeds:
            told.append(f"Only {version.name} has the seeds {listed([str(one) for one in seeds])}.")
        if networks:
            told.append(f"Only {version.name} has networks of {listed(networks)}.")
    return Text(" ".join(told) or "Both versions have the same tasks, methods and points.")
