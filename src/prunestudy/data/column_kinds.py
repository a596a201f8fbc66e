"""What the columns of a table are: numeric, categorical, text, or nothing to learn from."""

import re
from typing import Any

import numpy as np
import pandas as pd

from prunestudy.data.dataset import Columns
from prunestudy.errors import Problem

# A column of texts that repeat is categorical; of more different ones there is nothing to learn.
MOST_CATEGORIES = 1_000
# Words of a cell, on average, from which on it is a text.
WORDS_OF_TEXT = 3
# A column of numbers but for a few cells is one of numbers with mistakes in it.
MOST_MISTAKES = 0.05
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
OTHER_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( \d{1,2}:\d{2}.*)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
LEAST = 20
SECONDS_OF_DAY = 86_400


def inferred(column: pd.Series, name: str) -> tuple[str, list[Problem]]:
    """The kind of a column, and what is wrong with it.

    Constant columns and those that number or name the rows are ignored: what they say of one row
    holds for no other.
    """
    known = column.dropna()
    if name.startswith("Unnamed:") or known.nunique() == 1:
        return "ignore", []
    numbers = as_numbers(known)
    if numbers is not None:
        return ("ignore" if _counts_rows(numbers, len(column)) else "numeric"), []
    texts = known.astype(str)
    problems = _mistakes(texts, name)
    if problems:
        return "ignore", problems
    distinct = texts.nunique()
    if np.mean([len(one.split()) for one in texts]) >= WORDS_OF_TEXT and distinct > len(texts) / 2:
        return "text", []
    names_rows = distinct > MOST_CATEGORIES or (distinct > LEAST and distinct > len(texts) / 2)
    return ("ignore" if names_rows else "categorical"), []


def as_numbers(known: pd.Series) -> np.ndarray | None:
    """Values as float64, dates as days since 1970, durations in days; none else."""
    if pd.api.types.is_datetime64_any_dtype(known):
        return _days(known)
    if pd.api.types.is_timedelta64_dtype(known):
        return known.dt.total_seconds().to_numpy(dtype=np.float64) / SECONDS_OF_DAY
    if pd.api.types.is_numeric_dtype(known):
        return known.to_numpy(dtype=np.float64)
    texts = known.astype(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce")
    if not numbers.isna().any():
        return numbers.to_numpy(dtype=np.float64)
    if len(texts) and texts.str.fullmatch(ISO_DATE).all():
        dates = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
        return None if dates.isna().any() else _days(dates)
    return None


def _days(dates: pd.Series) -> np.ndarray:
    beginning = pd.Timestamp("1970-01-01", tz=dates.dt.tz)
    return ((dates - beginning) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)


def _counts_rows(numbers: np.ndarray, rows: int) -> bool:
    """Whether whole numbers are but the places of the rows, as an index is."""
    return len(numbers) == rows > LEAST and bool((np.diff(numbers) == 1).all())


def _mistakes(texts: pd.Series, name: str) -> list[Problem]:
    """Why a column of texts was surely meant to be one of numbers or dates."""
    for pattern, told in (
        (DECIMAL_COMMA, "numbers with decimal commas"),
        (OTHER_DATE, "dates whose day and month cannot be told apart"),
    ):
        if texts.str.strip().str.fullmatch(pattern).all():
            remedy = (
                "write decimal points"
                if pattern is DECIMAL_COMMA
                else "write them as YYYY-MM-DD, or say ignore"
            )
            reason = f"has {told}: '{texts.iloc[0]}' in row {texts.index[0] + 1:,}; {remedy}"
            return [Problem(f"columns.{name}", reason)]
    wrong = texts[pd.to_numeric(texts, errors="coerce").isna()]
    if len(texts) >= LEAST and len(wrong) <= MOST_MISTAKES * len(texts):
        reason = (
            f"has numbers but for {len(wrong):,} of {len(texts):,} values: '{wrong.iloc[0]}' in "
            f"row {wrong.index[0] + 1:,}; correct them, leave them empty, or say categorical"
        )
        return [Problem(f"columns.{name}", reason)]
    return []


def numeric(column: pd.Series, name: str) -> tuple[np.ndarray, list[Problem]]:
    """A column as float64 with NaN where a value is missing, and what is wrong with it."""
    values = np.full(len(column), np.nan)
    known = column.dropna()
    numbers = as_numbers(known)
    if numbers is None:
        wrong = known[pd.to_numeric(known.astype(str), errors="coerce").isna()]
        reason = f"is no number: '{wrong.iloc[0]}' in row {wrong.index[0] + 1:,}"
        more = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        return values, [Problem(f"columns.{name}", reason + more)]
    endless = np.flatnonzero(is_endless(numbers))
    if len(endless):
        row = known.index[endless[0]] + 1
        reason = f"has a number that is infinite in single precision, in row {row:,}; correct it"
        return values, [Problem(f"columns.{name}", reason)]
    values[known.index.to_numpy()] = numbers
    return values, []


def is_endless(numbers: np.ndarray) -> np.ndarray:
    """Which numbers are infinite in single precision, which networks compute in."""
    with np.errstate(over="ignore"):
        return np.isinf(numbers.astype(np.float32))


def texts_of(column: pd.Series) -> np.ndarray:
    """A column as texts, with None where one is missing."""
    found = column.astype(object).where(column.notna(), None)
    texts: list[Any] = [None if one is None else str(one) for one in found]
    return np.array(texts, dtype=object)


def columns_of(table: pd.DataFrame, kinds: dict[str, str]) -> tuple[Columns, list[Problem]]:
    """The columns of a table that are inputs, by their kinds."""
    found = Columns()
    problems = []
    for name, kind in kinds.items():
        column = table[name]
        if kind != "ignore" and column.isna().all():
            reason = "has no value in any row; say ignore, or fill it"
            problems.append(Problem(f"columns.{name}", reason))
        elif kind == "numeric":
            found.numeric[name], wrong = numeric(column, name)
            problems += wrong
        elif kind == "categorical":
            found.categorical[name] = texts_of(column)
        elif kind == "text":
            texts = texts_of(column)
            found.text[name] = np.array([one or "" for one in texts], dtype=object)
    return found, problems
