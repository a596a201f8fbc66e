"""What a report consists of, whatever it is written as: sections of a few kinds of block."""

import re
from dataclasses import dataclass
from itertools import pairwise

from prunestudy.report.figures import Figure
from prunestudy.report.formatting import MINUS, NOTHING, THIN

# A number with its unit, spread or interval; neither a version nor a name that begins with a digit.
NUMBER = re.compile(rf"(?:< )?[{MINUS}+]?\d[\d{THIN}]*(\.\d+)?(?![\w.-])")


@dataclass(frozen=True)
class Sentence:
    """A claim in words, and the names of the tables and parameters that its numbers are from."""

    text: str
    sources: tuple[str, ...] = ()
    kind: str = "sentence"


@dataclass(frozen=True)
class Notes:
    """A list of sentences that stand beside what is claimed."""

    sentences: tuple[Sentence, ...]
    kind: str = "notes"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Text:
    """A paragraph; ``note`` sets it smaller."""

    text: str
    note: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Grid:
    """A table of texts, ready to be shown.

    Attributes:
        source: the CSV file with the full numbers, under ``tables/``.
        strong: value of the first column whose rows stand out.
        name: name of the grid and its LaTeX file, where the source's is not enough.
        task: the task of every row, where no column says it.
        anchors: a name for each row that other rows point to, or an empty one.
        links: what the first cell of each row leads to.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = ""
    strong: str = ""
    kind: str = "grid"
    name: str = ""
    task: str = ""
    anchors: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the grid is called in links and file names."""
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
    kind: str = "chart"


@dataclass(frozen=True)
class Code:
    """Preformatted text.

    Attributes:
        anchors: a name for each line that others point to, or an empty one; none at all: no names.
    """

    text: str
    kind: str = "code"
    anchors: tuple[str, ...] = ()

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
    kind: str = "fold"
    name: str = ""


@dataclass(frozen=True)
class Drawing:
    """A picture that is part of the page, as SVG, and what it shows in words."""

    svg: str
    words: str
    kind: str = "drawing"


Block = Sentence | Notes | Heading | Text | Grid | Chart | Code | Fold | Drawing


@dataclass(frozen=True)
class Section:
    """A titled part of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def grids_of(sections: list[Section]) -> list[Grid]:
    """Every grid, those that are folded away included."""

    def of(blocks: tuple[Block, ...]) -> list[Grid]:
        found: list[Grid] = []
        for block in blocks:
            if isinstance(block, Grid):
                found.append(block)
            elif isinstance(block, Fold):
                found += of(block.blocks)
        return found

    return [grid for section in sections for grid in of(section.blocks)]


def _is_number(cell: str) -> bool:
    return cell in ("", NOTHING) or NUMBER.match(cell) is not None
