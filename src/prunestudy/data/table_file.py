"""A file of a table, read strictly: what is wrong with it is said by file, row and column."""

import csv
import io
from collections import Counter

import numpy as np
import pandas as pd

from prunestudy.errors import DataError, Problem

# More are no table that a network of fully connected layers is for, and checks would take minutes.
MOST_COLUMNS = 10_000
SEPARATORS = (",", ";", "\t", "|")
# A cell that says nothing, beside those that pandas knows: "", NA, N/A, NaN, None, null …
MISSING = ["?"]
SHOWN = 3
# What a cell of a Parquet file may be and a table for a network has not.
NESTED = (list, dict, bytes, np.ndarray)


def read_csv(name: str, content: bytes) -> pd.DataFrame:
    """A CSV file as a table of texts, missing where a cell is empty or says so.

    The separator is told by the first line: a comma, semicolon, tab or vertical bar.

    Raises:
        DataError: it is no UTF-8, or no table.
    """
    text = _decoded(name, content)
    separator = _separator(text)
    _check_shape(name, text, separator)
    table = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        dtype=str,
        na_values=MISSING,
        skipinitialspace=True,
        index_col=False,
    )
    return _stripped(table)


def read_parquet(name: str, content: bytes) -> pd.DataFrame:
    """A Parquet file as a table.

    Raises:
        DataError: it is none.
    """
    import pyarrow

    try:
        table = pd.read_parquet(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise _error("parquet", f"'{name}' is no whole Parquet file ({reason})") from None
    table.columns = [str(column) for column in table.columns]
    _check_names(name, list(table.columns), "parquet")
    nested = [
        column
        for column in table.columns
        if isinstance(next(iter(table[column].dropna()), None), NESTED)
    ]
    if nested:
        told = ", ".join(f"'{one}'" for one in nested[:SHOWN])
        raise _error("parquet", f"'{name}' has lists, structures or bytes in {told}; flatten them")
    return _stripped(table.reset_index(drop=True))


def _stripped(table: pd.DataFrame) -> pd.DataFrame:
    """Texts without the space around them, which nobody sees; what is but space is missing."""
    for name, kind in table.dtypes.items():
        if isinstance(kind, pd.StringDtype):
            texts = table[name].str.strip()
            table[name] = texts.mask(texts == "")
    return table


def _decoded(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        encoding = "UTF-16" if utf_16 else "WINDOWS-1252"
        raise _error(
            "csv",
            f"'{name}' is not UTF-8: byte {error.start + 1:,} in line {line:,} is "
            f"0x{content[error.start]:02x}; convert it, e.g. iconv -f {encoding} -t UTF-8 "
            f"'{name}' > utf8.csv",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _error("csv", f"'{name}' is no text file: line {line:,} has a NUL character")
    if not text.strip():
        raise _error("csv", f"'{name}' is empty, it has no line with text")
    return text


def _separator(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    counts = Counter(one for one in first if one in SEPARATORS)
    return max(SEPARATORS, key=lambda one: counts[one])


def _check_shape(name: str, text: str, separator: str) -> None:
    """Refuse repeated columns and rows of another length; pandas would fill them up."""
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    try:
        header = next(row for row in rows if row)
        _check_names(name, header, "csv")
        ragged = []
        for row in rows:
            # pandas leaves out empty lines as well.
            if row and len(row) != len(header):
                ragged.append((rows.line_num, len(row)))
    except csv.Error as error:
        raise _error("csv", f"'{name}', line {rows.line_num:,}: {error}") from None
    if ragged:
        told = ", ".join(f"line {line:,} has {cells:,}" for line, cells in ragged[:SHOWN])
        more = f" and {len(ragged) - SHOWN:,} more lines" if len(ragged) > SHOWN else ""
        raise _error(
            "csv",
            f"'{name}' has {len(header):,} columns, but {told}{more}; cells that hold "
            f"'{separator}' need quotes",
        )


def _check_names(name: str, header: list[str], origin: str) -> None:
    if len(header) > MOST_COLUMNS:
        raise _error(
            origin, f"'{name}' has {len(header):,} columns, at most {MOST_COLUMNS:,} can be read"
        )
    repeated = [column for column, count in Counter(header).items() if count > 1 and column]
    if repeated:
        told = ", ".join(f"'{one}'" for one in repeated[:SHOWN])
        raise _error(origin, f"'{name}' has two columns of one name: {told}; rename one of them")


def _error(origin: str, reason: str) -> DataError:
    return DataError([Problem(origin, reason)])
