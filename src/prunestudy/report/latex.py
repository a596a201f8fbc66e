"""Tables for a paper: the report's tables as LaTeX with booktabs, ready for ``\\input``."""

from prunestudy.report.blocks import Section, Table, blocks_of
from prunestudy.report.words import WORDS

CHARACTERS: dict[str, str] = WORDS["latex"]["characters"]
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
    """Text whose characters LaTeX sets as they are."""
    return "".join(CHARACTERS.get(character, character) for character in text)
