"""The targets of a table: values, classes or labels, and why they cannot be learned."""

import numpy as np
import pandas as pd

from prunestudy.data.column_kinds import as_numbers, is_endless, texts_of
from prunestudy.data.division import rare_classes
from prunestudy.data.own_arrays import Targets
from prunestudy.data.settings import Data, Kind
from prunestudy.errors import Problem

# Whole numbers of so few different values are classes, if nobody says; of more, values.
FEW_VALUES = 20
SHOWN = 3


Found = tuple[Targets | None, list[Problem]]


def targets_of(table: pd.DataFrame, data: Data) -> Found:
    """Targets as a data set has them, or why they will not do."""
    names = data.target or []
    problems = [one for name in names for one in _missing(table[name], name)]
    if problems:
        return None, problems
    if len(names) > 1 or data.target_kind == "labels":
        return _labels(table, data, names)
    column, name = table[names[0]], names[0]
    numbers = as_numbers(column)
    kind = data.target_kind or _kind(column, numbers)
    if kind == "value":
        return _values(column, numbers, name)
    return _classes(column, numbers, name)


def _kind(column: pd.Series, numbers: np.ndarray | None) -> Kind:
    if numbers is None or pd.api.types.is_bool_dtype(column):
        return "class"
    distinct = np.unique(numbers)
    whole = bool((distinct == np.round(distinct)).all())
    return "class" if len(distinct) <= 2 or (whole and len(distinct) <= FEW_VALUES) else "value"


def _missing(column: pd.Series, name: str) -> list[Problem]:
    rows = column.index[column.isna()]
    if not len(rows):
        return []
    if len(rows) == len(column):
        return [Problem("target", f"'{name}' has no value in any row")]
    told = ", ".join(f"{row + 1:,}" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    reason = f"'{name}' is missing in row{'s' if len(rows) > 1 else ''} {told}{more}"
    return [Problem("target", f"{reason}; fill it there, or leave the rows out")]


def _values(column: pd.Series, numbers: np.ndarray | None, name: str) -> Found:
    if numbers is None:
        wrong = column[pd.to_numeric(column.astype(str), errors="coerce").isna()]
        reason = f"'{name}' is no number: '{wrong.iloc[0]}' in row {wrong.index[0] + 1:,}"
        return None, [Problem("target", f"{reason}; or say target_kind: class")]
    if is_endless(numbers).any():
        row = int(np.flatnonzero(is_endless(numbers))[0]) + 1
        reason = f"'{name}' is infinite in single precision in row {row:,}; correct it"
        return None, [Problem("target", reason)]
    if len(np.unique(numbers)) == 1:
        return None, [_constant(name, column.iloc[0])]
    return Targets("value", numbers.astype(np.float32), ()), []


def _constant(name: str, value: object) -> Problem:
    reason = f"'{name}' is '{value}' in every row, there is nothing to learn; name another column"
    return Problem("target", reason)


def _classes(column: pd.Series, numbers: np.ndarray | None, name: str) -> Found:
    texts = texts_of(column)
    if numbers is None:
        classes, values = np.unique(texts.astype(str), return_inverse=True)
        names = [str(one) for one in classes]
    else:
        distinct, values = np.unique(numbers, return_inverse=True)
        names = [str(int(one)) if one == round(one) else str(one) for one in distinct]
        if pd.api.types.is_bool_dtype(column):
            names = [("false", "true")[int(one)] for one in distinct]
    if len(names) == 1:
        return None, [_constant(name, names[0])]
    rare = rare_classes(values, names, f"'{name}'", tell_rows=True)
    if rare:
        return None, [Problem("target", reason) for reason in rare]
    return Targets("class", values.astype(np.int64), tuple(names)), []


def _labels(table: pd.DataFrame, data: Data, names: list[str]) -> Found:
    if data.target_kind not in (None, "labels"):
        reason = f"several columns are labels of 0 and 1, not target_kind: {data.target_kind}"
        return None, [Problem("target", reason)]
    problems, found = [], []
    for name in names:
        column = table[name]
        numbers = as_numbers(column.astype(float) if column.dtype == bool else column)
        wrong = (
            np.arange(len(column)) if numbers is None else np.flatnonzero(~np.isin(numbers, [0, 1]))
        )
        if numbers is None or len(wrong):
            reason = (
                f"'{name}' is '{column.iloc[wrong[0]]}' in row {wrong[0] + 1:,}; labels are 0 or 1"
            )
            problems.append(Problem("target", reason))
        elif len(np.unique(numbers)) == 1:
            problems.append(_constant(name, column.iloc[0]))
        else:
            found.append(numbers.astype(np.float32))
    if problems:
        return None, problems
    return Targets("labels", np.stack(found, axis=1), tuple(names)), []
