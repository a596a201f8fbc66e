"""What a report consists of, whatever it is written as: sections of a few kinds of block."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from prunestudy.report.figures import Figure
from prunestudy.report.formatting import MINUS, NOTHING, THIN

# A number with its unit, spread or interval; neither a version nor a name that begins with a digit.
NUMBER = re.compile(rf"(?:< )?[{MINUS}+]?\d[\d{THIN}]*(\.\d+)?(?![\w.-])")


@dataclass(frozen=True)
class Sentence:
    """A claim in words, and the names of the tables and parameters that its numbers are from."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes:
    """A list of sentences that stand beside what is claimed."""

    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; ``note`` sets it smaller."""

    text: str
    note: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts, ready to be shown.

    Attributes:
        source: the CSV file with the full numbers, under ``tables/``.
        strong: value of the first column whose rows stand out.
        name: name of the table and its LaTeX file, where the source's is not enough.
        anchors: a name for each row that other rows point to, or an empty one.
        links: what each cell of each row leads to, or nothing.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = ""
    strong: str = ""
    name: str = ""
    anchors: tuple[str, ...] = ()
    links: tuple[tuple[str, ...], ...] = ()

    @property
    def label(self) -> str:
        """What the table is called in links and file names."""
        return self.name or self.source.removesuffix(".csv")

    @property
    def ends(self) -> tuple[bool, ...]:
        """Which rows end a group: rows in a run with the same first cell, if there are any."""
        firsts = [row[0] for row in self.rows]
        changes = [one != other for one, other in pairwise(firsts)]
        return tuple(change and not all(changes) for change in [*changes, False][: len(firsts)])

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers, and are aligned to the right."""
        columns = [[row[place] for row in self.rows] for place in range(len(self.columns))]
        return tuple(
            all(_is_number(cell) for cell in cells)
            and any(cell not in ("", NOTHING) for cell in cells)
            for cells in columns
        )


@dataclass(frozen=True)
class Chart:
    """A figure."""

    figure: Figure


@dataclass(frozen=True)
class Code:
    """Preformatted text.

    Attributes:
        anchors: a name for each line that others point to, or an empty one; none at all: no names.
        language: what it is written in, where a reader's tool may know it.
    """

    text: str
    anchors: tuple[str, ...] = ()
    language: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Each line with its name."""
        lines = self.text.splitlines()
        return list(zip(lines, self.anchors or [""] * len(lines), strict=True))


@dataclass(frozen=True)
class Fold:
    """Blocks that are folded away until they are wanted."""

    summary: str
    blocks: "tuple[Block, ...]"
    name: str = ""


Block = Sentence | Notes | Heading | Text | Table | Chart | Code | Fold
Kind = TypeVar("Kind", bound=Block)


@dataclass(frozen=True)
class Section:
    """A titled part of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def blocks_of(sections: Sequence[Section], kind: type[Kind]) -> list[Kind]:
    """Every block of a kind, those that are folded away included."""

    def every(blocks: tuple[Block, ...]) -> Iterator[Block]:
        for block in blocks:
            yield block
            if isinstance(block, Fold):
                yield from every(block.blocks)

    found = (block for section in sections for block in every(section.blocks))
    return [block for block in found if isinstance(block, kind)]


def _is_number(cell: str) -> bool:
    return cell in ("", NOTHING) or NUMBER.match(cell) is not None
