"""The report as Markdown, for reading in a git host."""

import html
import re

from prunestudy.report.blocks import (
    Block,
    Chart,
    Code,
    Drawing,
    Fold,
    Grid,
    Heading,
    Notes,
    Section,
    Sentence,
    Text,
)
from prunestudy.report.contents import Contents


def markdown(contents: Contents, sections: list[Section]) -> str:
    """The whole text."""
    study = contents.inputs.study
    lines = [f"# {_plain(study.report.title)}", ""]
    if study.report.authors:
        lines += [_plain(", ".join(study.report.authors)), ""]
    lines += ["The interactive version of this page is `index.html` beside this file."]
    for section in sections:
        lines += ["", f"## {_plain(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def sections_text(sections: list[Section]) -> str:
    """Sections alone, for reading in a terminal."""
    lines = []
    for section in sections:
        lines += [f"## {_plain(section.title)}", ""]
        for block in section.blocks:
            if not isinstance(block, Fold):
                lines += [*_block(block), ""]
    return "\n".join(lines)


def _block(block: Block) -> list[str]:
    match block:
        case Sentence() | Text():
            return [_plain(block.text)]
        case Notes():
            return [f"- {_plain(note.text)}" for note in block.sentences]
        case Heading():
            return [f"### {_plain(block.text)}"]
        case Drawing():
            return [_plain(block.words)]
        case Code():
            return ["```", *block.text.rstrip("\n").split("\n"), "```"]
        case Chart(figure):
            picture = f"![{_plain(figure.alt)}](figures/{figure.name}.svg)"
            return [picture, "", f"*{_plain(figure.title)}.* {_plain(figure.caption)}"]
        case Fold():
            inner = [line for one in block.blocks for line in (*_block(one), "")]
            summary = f"<details><summary>{html.escape(block.summary)}</summary>"
            return [summary, "", *inner, "</details>"]
        case Grid():
            return _grid(block)


def _grid(grid: Grid) -> list[str]:
    source = f" ([{grid.source}](tables/{grid.source}))" if grid.source else ""
    rules = ["---:" if numeric else "---" for numeric in grid.numeric]
    rows = [grid.columns, *grid.rows]
    written = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    written.insert(1, "| " + " | ".join(rules) + " |")
    return [f"{_plain(grid.caption)}{source}", "", *written]


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text whose characters mean themselves."""
    # Line breaks and blanks become one blank; the narrow one inside of numbers stays.
    escaped = html.escape(re.sub(r"[ \t\r\n]+", " ", text.strip()), quote=False)
    for character in "\\`*[]":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped
