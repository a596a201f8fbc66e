"""The report as Markdown, for reading in a git host."""

import html
import re
from collections.abc import Sequence

from prunestudy.report import blocks
from prunestudy.report.blocks import Block, Fold, Section
from prunestudy.report.contents import Contents
from prunestudy.report.formatting import visible


def markdown(contents: Contents, sections: Sequence[Section]) -> str:
    """The whole text."""
    report = contents.inputs.study.report
    head = [f"# {_plain(report.title)}", ""]
    if report.authors:
        head += [_plain(", ".join(report.authors)), ""]
    head += ["The interactive version of this page is `index.html` beside this file.", "", ""]
    return "\n".join(head) + sections_text(sections, folded=True)


def sections_text(sections: Sequence[Section], folded: bool = False) -> str:
    """Sections alone; for reading in a terminal, without what is folded away."""
    parts = []
    for section in sections:
        shown = [one for one in section.blocks if folded or not isinstance(one, Fold)]
        parts += [f"## {_plain(section.title)}", *("\n".join(_block(one)) for one in shown)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case blocks.Sentence() | blocks.Text():
            return [_plain(block.text)]
        case blocks.Notes():
            return [f"- {_plain(note.text)}" for note in block.sentences]
        case blocks.Heading():
            return [f"### {_plain(block.text)}"]
        case blocks.Code():
            # Longer than what the text itself may fence.
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", block.text)), 0)
            lines = visible(block.text).rstrip("\n").split("\n")
            return [f"{fence}{block.language}", *lines, fence]
        case blocks.Chart(figure):
            picture = f"![{_plain(figure.alt)}](figures/{figure.name}.svg)"
            return [picture, "", f"*{_plain(figure.title)}.* {_plain(figure.caption)}"]
        case Fold():
            inner = [line for one in block.blocks for line in (*_block(one), "")]
            summary = f"<details><summary>{html.escape(visible(block.summary))}</summary>"
            return [summary, "", *inner, "</details>"]
        case blocks.Table():
            source = f" ([{block.source}](tables/{block.source}))" if block.source else ""
            rules = ["---:" if numeric else "---" for numeric in block.numeric]
            head, *rows = [[_cell(cell) for cell in row] for row in (block.columns, *block.rows)]
            written = [f"| {' | '.join(row)} |" for row in (head, rules, *rows)]
            return [f"{_plain(block.caption)}{source}", "", *written]


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text whose characters mean themselves."""
    # Line breaks and blanks become one blank; the narrow one inside of numbers stays.
    escaped = html.escape(re.sub(r"[ \t\n]+", " ", visible(text).strip()), quote=False)
    for character in "\\`*[]":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped
