"""Tables for a paper: the report's tables as LaTeX with booktabs, ready for ``\\input``."""

import re
import unicodedata
from functools import reduce

from prunestudy.report.blocks import Section, Table, blocks_of
from prunestudy.report.formatting import visible
from prunestudy.report.words import WORDS

CHARACTERS: dict[str, str] = WORDS["latex"]["characters"]
ACCENTS: dict[str, str] = WORDS["latex"]["accents"]
# Columns whose longest cell has more characters are set as paragraphs.
LONG = 40
HEAD = "% Needs \\usepackage{booktabs}. Numbers: tables/%s of the report.\n"


def tables(sections: list[Section]) -> dict[str, str]:
    """Every table with numbers behind it: file name → LaTeX."""
    shown = blocks_of(sections, Table)
    return {f"{table.label}.tex": tabular(table) for table in shown if table.label}


def tabular(table: Table) -> str:
    """A table as a ``tabular``: numbers to the right, long texts as paragraphs."""
    kinds = []
    for place, numeric in enumerate(table.numeric):
        longest = max((len(row[place]) for row in table.rows), default=0)
        paragraph = r"p{0.4\linewidth}"
        kinds.append("r" if numeric else paragraph if longest > LONG else "l")
    rows = "".join(f"{_row(row)}\n" for row in table.rows)
    return (
        HEAD.replace("%s", table.source or "(none)")
        + f"\\begin{{tabular}}{{{''.join(kinds)}}}\n\\toprule\n{_row(table.columns)}\n\\midrule\n"
        + f"{rows}\\bottomrule\n\\end{{tabular}}\n"
    )


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(escaped(cell) for cell in cells) + r" \\"


def escaped(text: str) -> str:
    """Text whose characters LaTeX sets as they are, or names where its fonts lack them."""
    text = unicodedata.normalize("NFC", re.sub(r"[ \t\n]+", " ", visible(text)))
    # Two hyphens would become a dash.
    parts = re.split("(?<=-)(?=-)", text)
    return "{}".join("".join(map(_escaped, part)) for part in parts)


def _escaped(character: str) -> str:
    if character in CHARACTERS or character.isascii():
        return CHARACTERS.get(character, character)
    apart = unicodedata.normalize("NFKD", character)
    if apart.isascii():
        return escaped(apart)
    plain, marks = apart[0], apart[1:]
    if not plain.isascii() or not {*marks} <= {*ACCENTS}:
        return escaped(f"[U+{ord(character):04X}]")
    return reduce(lambda inner, mark: f"\\{ACCENTS[mark]}{{{inner}}}", marks, _escaped(plain))
