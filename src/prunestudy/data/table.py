"""The user's own table as a data set: inputs by kind, targets, and what is wrong with them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.data.column_kinds import as_numbers, columns_of, inferred, texts_of
from prunestudy.data.column_values import widths_of
from prunestudy.data.dataset import Arrays, Columns, Dataset, Facts
from prunestudy.data.division import Rows, balance, divided, warnings_of
from prunestudy.data.settings import Data
from prunestudy.data.table_file import read_csv, read_parquet
from prunestudy.data.table_targets import targets_of
from prunestudy.errors import DataError, Problem, near

LEAST_ROWS = 20
SHOWN = 12
# Settings that name a column.
NAMING = ("time", "group", "image")


@dataclass(frozen=True)
class Table:
    """A table as read.

    Attributes:
        content: every column, as it lies in the files.
        kinds: of each column, those that are no inputs included.
    """

    content: pd.DataFrame
    arrays: Arrays
    dataset: Dataset
    kinds: dict[str, str]


def read_table(data: Data, files: dict[str, bytes]) -> Table:
    """Read the files of a task's data.

    Raises:
        DataError: they cannot be used; it lists every problem that can be told at once.
    """
    table = pd.concat(tables_of(data, files).values(), ignore_index=True)
    kinds, problems = _kinds(table, data)
    inputs, wrong = columns_of(table, kinds)
    targets, untold = targets_of(table, data)
    problems += [*wrong, *untold]
    if not (inputs.numeric or inputs.categorical or inputs.text) and not problems:
        reason = "no column is left to predict from; every other one is constant or names the rows"
        problems.append(Problem("columns", reason))
    time, wrong = _time(table, data)
    groups, missing = _groups(table, data)
    problems += [*wrong, *missing]
    if problems or targets is None:
        raise DataError(problems)
    arrays = Arrays(inputs, targets.values, 0, time, groups)
    title = f"{data.called}, {len(table):,} rows, {len(table.columns)} columns"
    dataset = Dataset(title, targets.kind, (), (), lambda _files: arrays, targets.classes)
    return Table(table, arrays, dataset, kinds)


def described(table: Table, data: Data, digests: dict[str, str]) -> dict[str, Any]:
    """What is remembered of a table, as plain values.

    Raises:
        DataError: its rows cannot be divided as wanted, or not be learned so.
    """
    arrays, dataset = table.arrays, table.dataset
    rows = divided(arrays, dataset, data)
    classes = balance(arrays.targets, dataset, rows)
    everything = np.arange(len(arrays.targets))
    known = rows["train"] if data.split.folds is None else everything
    assert isinstance(arrays.inputs, Columns)
    roles = dict.fromkeys(data.target or [], "target")
    roles |= {name: role for role in ("time", "group") if (name := getattr(data, role))}
    facts = Facts(
        files=digests,
        parts={part: len(chosen) for part, chosen in rows.items()},
        classes=classes,
        columns={
            name: (_told(kind, roles.get(name, "")), int(table.content[name].isna().sum()))
            for name, kind in table.kinds.items()
        },
        warnings=tuple(_warnings(table, data, rows, classes)),
    )
    return {
        "title": dataset.title,
        "target": dataset.target,
        "classes": list(dataset.classes),
        "widths": asdict(widths_of(arrays.inputs, known)),
        "facts": asdict(facts),
    }


def _told(kind: str, role: str) -> str:
    """A column's kind in words; a time or group may be an input as well."""
    return f"{role}, {kind}" if role and kind != "ignore" else role or kind


def tables_of(data: Data, files: dict[str, bytes]) -> dict[str, pd.DataFrame]:
    """The table of each file, all of the same columns, those that the settings name among them.

    Raises:
        DataError: they are not; it lists every problem.
    """
    read = read_csv if data.origin == "csv" else read_parquet
    tables: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    for name, content in files.items():
        try:
            tables[name] = read(name, content)
        except DataError as error:
            problems += error.problems
    first = next(iter(tables), "")
    for name, table in tables.items():
        others = set(table.columns) ^ set(tables[first].columns)
        if others:
            told = ", ".join(f"'{one}'" for one in sorted(others)[:SHOWN])
            reason = f"'{name}' and '{first}' do not have the same columns: {told} in one of them"
            problems.append(Problem(data.origin, reason))
    rows = sum(map(len, tables.values()))
    if not problems and rows < LEAST_ROWS:
        reason = (
            f"'{data.called}' has {rows} rows; at least {LEAST_ROWS} are needed to train on some "
            "and test on others"
        )
        problems.append(Problem(data.origin, reason))
    problems = problems or list(_unknown(tables[first], data))
    if problems:
        raise DataError(problems)
    return tables


def _unknown(table: pd.DataFrame, data: Data) -> Iterator[Problem]:
    """Columns that the settings name and the files do not have."""
    known = [str(one) for one in table.columns]
    named = [("target", one) for one in data.target or []]
    named += [(key, one) for key in NAMING if (one := getattr(data, key)) is not None]
    named += [(f"columns.{one}", one) for one in data.columns or {}]
    for key, name in named:
        if name not in known:
            told = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
            reason = f"'{data.called}' has no column '{name}'"
            yield Problem(key, reason, told, near(name, known))
    for name in data.target or []:
        if name in (data.columns or {}):
            reason = f"'{name}' is the target; say what it is by target_kind"
            yield Problem(f"columns.{name}", reason)


def _kinds(table: pd.DataFrame, data: Data) -> tuple[dict[str, str], list[Problem]]:
    """The kind of each column: as told, else inferred; time and groups are no inputs untold."""
    given = data.columns or {}
    apart = {*(data.target or []), data.time, data.group}
    kinds: dict[str, str] = {}
    problems: list[Problem] = []
    for name in map(str, table.columns):
        if name in given:
            kinds[name] = given[name]
        elif name in apart:
            kinds[name] = "ignore"
        elif table[name].isna().all():
            # A problem of its own, told with those of the other columns.
            kinds[name] = "numeric"
        else:
            kinds[name], wrong = inferred(table[name], name)
            problems += wrong
    return kinds, problems


def _time(table: pd.DataFrame, data: Data) -> tuple[np.ndarray | None, list[Problem]]:
    if data.time is None:
        return None, []
    column = table[data.time]
    rows = column.index[column.isna()]
    if len(rows):
        reason = f"'{data.time}' is missing in row {rows[0] + 1:,}, and in {len(rows):,} in all"
        return None, [Problem("time", f"{reason}; fill it there, or leave the rows out")]
    numbers = as_numbers(column)
    if numbers is None:
        reason = f"'{data.time}' is neither numbers nor dates: '{column.iloc[0]}' in row 1"
        return None, [Problem("time", f"{reason}; write dates as YYYY-MM-DD")]
    return numbers, []


def _groups(table: pd.DataFrame, data: Data) -> tuple[np.ndarray | None, list[Problem]]:
    if data.group is None:
        return None, []
    column = table[data.group]
    rows = column.index[column.isna()]
    if len(rows):
        reason = f"'{data.group}' is missing in row {rows[0] + 1:,}, and in {len(rows):,} in all"
        return None, [Problem("group", f"{reason}; fill it there, or leave the rows out")]
    return np.unique(texts_of(column).astype(str), return_inverse=True)[1], []


def _warnings(
    table: Table, data: Data, rows: Rows, classes: dict[str, dict[str, int]]
) -> Iterator[str]:
    """What should be known of the rows and columns."""
    used = [name for name, kind in table.kinds.items() if kind != "ignore"]
    columns = [*used, *(data.target or [])]
    hashes = pd.util.hash_pandas_object(table.content[columns].astype(str), index=False).to_numpy()
    remedy = "leave duplicates out, or name a group"
    yield from warnings_of(classes, hashes, rows, data.called, remedy)
    apart = {*(data.target or []), data.time, data.group, *(data.columns or {})}
    unused = [name for name, kind in table.kinds.items() if kind == "ignore" and name not in apart]
    if unused:
        told = ", ".join(unused[:SHOWN]) + (
            f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
        )
        yield (
            f"{data.called}: ignored as constant or naming the rows: {told}; name their kinds in "
            "columns to use them"
        )
