"""Two versions of a study as a page: parameters, code, headline, and which numbers moved."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from prunestudy.analysis.measures import MATCHED, MEASURES
from prunestudy.analysis.versions import PLACE, Version, both_comparisons, movements, only_in
from prunestudy.plan.status import differences
from prunestudy.report import formatting, words
from prunestudy.report.blocks import Block, Fold, Section, Table, Text
from prunestudy.report.clauses import writer
from prunestudy.report.formatting import NOTHING, interval, listed, plural, size

SHOWN_FILES = 20


def comparison(
    first: Version, second: Version, level: float, margins: Mapping[str, float]
) -> list[Section]:
    """What changed and what moved, from the first version to the second.

    Args:
        margins: of practical equivalence, by metric and of ``ratio``.
    """
    changes = (_params(first, second), _code(first, second), *_machines(first, second))
    return [
        Section("changes", "What changed", changes),
        Section("verdicts", "Verdicts", _headlines(first, second)),
        Section("moved", "What moved", _moved(first, second, level, margins)),
        Section("only", "What only one version has", (_only(first, second),)),
    ]


def _moved(
    first: Version, second: Version, level: float, margins: Mapping[str, float]
) -> tuple[Block, ...]:
    table = movements(first, second, level, margins)
    if table.empty:
        return (Text(words.text("versions.no_common_seed")),)
    moved = table[table["verdict"].isin(["better", "worse"])]
    said = {"first": first.name, "second": second.name, "level": formatting.percent(level)}
    said |= {"moved": plural(len(moved), "number"), "total": str(len(table))}
    text = Text(words.text("versions.moved", **said))
    told = (_movements("What moved beyond noise", moved),) if len(moved) else ()
    every = _movements("All of them", table)
    return (text, *told, Fold("Every number in both versions", (every,)))


def _movements(caption: str, table: pd.DataFrame) -> Table:
    rows = []
    for row in table.itertuples(index=False):
        *place, column, n, before, after, moved, low, high, verdict = row
        measure, *writers = words.WORDS["versions"]["columns"][column]
        write, write_change = (words.WRITERS[name] for name in writers)
        numbers = (str(n), write(before), write(after), write_change(moved))
        bounds = interval(low, high, write_change)
        told = words.WRITERS["verdict"](verdict)
        rows.append((*map(str, place), measure, *numbers, bounds, told))
    columns = (*PLACE, "measure", "n", "before", "after", "change", "interval", "verdict")
    return Table(words.text("versions.movements", what=caption), columns, tuple(rows))


def _headlines(first: Version, second: Version) -> tuple[Block, ...]:
    """Comparisons between methods in both versions, a row each: what changed, then all."""
    table = both_comparisons(first, second)
    if table is None:
        return (Text(words.text("versions.no_headline")),)
    names = ("task", "methods", "measure", first.name, "verdict", second.name, "verdict")
    rows = tuple(_headline(row) for row in table.to_dict("records"))
    changed = tuple(row for row in rows if row[4] != row[6])
    caption = words.text("versions.headline")
    told: Block = Text(words.text("versions.same_verdicts", number=len(rows)))
    if changed:
        told = Table(f"Verdicts that changed. {caption}", names, changed)
    return told, Fold("Every comparison in both versions", (Table(caption, names, rows),))


def _headline(row: dict[Hashable, Any]) -> tuple[str, ...]:
    measure = MEASURES[row["measure"]]
    at = f", {size(row['at'])}" if measure is MATCHED else ""
    found = [
        str(row["task"]),
        f"{row['first']} against {row['second']}",
        words.WRITERS["measure"](measure.name) + at,
    ]
    for end in "ab":
        mean, low, high = (row[f"{part}_{end}"] for part in ("estimate", "low", "high"))
        verdict = words.WRITERS["verdict"](row[f"verdict_{end}"])
        found += [formatting.estimate(mean, low, high, writer(measure)), verdict]
    return tuple(found)


def _params(first: Version, second: Version) -> Block:
    changes = differences(first.params, second.params)
    if not changes:
        return Text(words.text("versions.same_params"))
    rows = tuple((path, _value(before), _value(after)) for path, before, after in changes)
    return Table(
        words.text("versions.params", nothing=NOTHING), ("parameter", first.name, second.name), rows
    )


def _value(value: Any) -> str:
    """A parameter as people read it; of a whole group, that it is there."""
    if isinstance(value, dict):
        return f"a group of {plural(len(value), 'key')}"
    return NOTHING if value is None else str(value)


def _code(first: Version, second: Version) -> Block:
    paths = sorted({*first.code, *second.code})
    changed = [path for path in paths if first.code.get(path) != second.code.get(path)]
    if not changed:
        return Text(words.text("versions.same_code"))
    more = f" and {len(changed) - SHOWN_FILES} more" if len(changed) > SHOWN_FILES else ""
    return Text(words.text("versions.code", files=", ".join(changed[:SHOWN_FILES]), more=more))


def _machines(first: Version, second: Version) -> list[Block]:
    """That other machines may be what moved times, and the last digits of networks."""
    if first.processors == second.processors:
        return []
    told = [
        f"{version.name} on {listed(sorted(version.processors)) or 'an unnamed processor'}"
        for version in (first, second)
    ]
    return [Text(words.text("versions.machines", told=", ".join(told)))]


def _only(first: Version, second: Version) -> Block:
    told = []
    for version, other in ((first, second), (second, first)):
        seeds, networks = only_in(version, other)
        for kind, items in (("seeds", [str(seed) for seed in seeds]), ("networks", networks)):
            if items:
                said = {"version": version.name, "items": listed(items)}
                told.append(words.text(f"versions.only.{kind}", **said))
    return Text(" ".join(told) or words.text("versions.same_places"))
