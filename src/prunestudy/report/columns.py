"""Layouts: how a table of numbers becomes a table that people read, column by column."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from prunestudy.report import formatting
from prunestudy.report.blocks import Table
from prunestudy.report.provenance import anchor

Row = dict[Hashable, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: what stands above it.
        source: the columns of the numbers that it is written from; none: the whole row.
        write: makes a text of them.
        link: what a cell leads to, of its row.
    """

    heading: str
    source: str | tuple[str, ...]
    write: Callable[..., str] = str
    link: Callable[[Row], str] = lambda _row: ""

    def text(self, row: Row) -> str:
        """The cell of a row."""
        names = (self.source,) if isinstance(self.source, str) else self.source
        return self.write(*(row[name] for name in names)) if names else self.write(row)


@dataclass(frozen=True)
class Layout:
    """What a table shows; texts may have ``{words}`` in them that are given with its rows.

    Attributes:
        columns: a text alone is the heading and the source.
        source, name, caption: as in :class:`Table`.
    """

    source: str
    caption: str
    columns: tuple[Column | str, ...]
    name: str = ""

    def table(self, rows: pd.DataFrame | Iterable[Row], strong: str = "", **words: object) -> Table:
        """The table of these rows."""
        records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
        columns = [Column(one, one) if isinstance(one, str) else one for one in self.columns]
        return Table(
            self.caption.format(**words),
            tuple(column.heading.format(**words) for column in columns),
            tuple(tuple(column.text(row) for column in columns) for row in records),
            self.source.format(**words),
            strong,
            self.name.format(**words),
            links=tuple(tuple(column.link(row) for column in columns) for row in records),
        )


def written(write: Callable[[Any], str], sources: dict[str, str]) -> list[Column]:
    """Columns that are written alike: heading → source."""
    return [Column(heading, source, write) for heading, source in sources.items()]


def made_from(heading: str, source: str) -> Column:
    """A method, linked to what its numbers on the row's task were made from."""
    return Column(heading, source, link=lambda row: anchor(row["task"], row[source]))


def spread(heading: str, name: str, write: Callable[[float], str]) -> Column:
    """``mean ± sd``, or the mean alone where there is no spread."""
    return Column(
        f"{heading}, mean ± sd",
        (f"{name}_mean", f"{name}_sd"),
        lambda mean, sd: write(mean) if pd.isna(sd) else f"{write(mean)} ± {write(sd)}",
    )


def interval(low: str, high: str, write: Callable[[float], str]) -> Column:
    """The interval of an estimate, named by its level."""
    return Column("{level} interval", (low, high), partial(formatting.interval, write=write))


def changed(heading: str, name: str, write: Callable[[float], str]) -> Column:
    """What a decision changed a number from and to."""
    ends = (f"{name}_before", f"{name}_after")
    return Column(heading, ends, lambda before, after: f"{write(before)} → {write(after)}")


POINT = Column("point", "point", formatting.point_name)
METHOD = made_from("method", "method")
AGAINST = made_from("against", "second")
