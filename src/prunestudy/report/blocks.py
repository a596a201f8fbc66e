"""What a report consists of, whatever it is written as: sections of a few kinds of block."""

from dataclasses import dataclass

from prunestudy.report.figures import Figure
from prunestudy.report.wording import MINUS, NOTHING


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
        name: name of the LaTeX file, where the source's is not enough.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = ""
    strong: str = ""
    kind: str = "grid"
    name: str = ""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers, and are aligned to the right."""
        return tuple(
            all(_is_number(row[place]) for row in self.rows) for place in range(len(self.columns))
        )


@dataclass(frozen=True)
class Chart:
    """A figure."""

    figure: Figure
    kind: str = "chart"


@dataclass(frozen=True)
class Code:
    """Preformatted text."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Fold:
    """Blocks that are folded away until they are wanted."""

    summary: str
    blocks: "tuple[Block, ...]"
    kind: str = "fold"


@dataclass(frozen=True)
class Drawing:
    """A picture that is part of the page, as SVG, and what it shows in words."""

    svg: str
    words: str
    kind: str = "drawing"


Block = Text | Grid | Chart | Code | Fold | Drawing


@dataclass(frozen=True)
class Section:
    """A titled part of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell[:1] in (MINUS, "+", NOTHING, "")
