"""``python -m tests.analysis.simulated docs/statistics.md`` writes its simulated tables anew."""

import sys
from pathlib import Path

from tests.analysis import limits, simulation

TABLES = {
    "studies": simulation.lines,
    "families": limits.family_lines,
    "failures": limits.failure_lines,
    "regret": limits.regret_lines,
    "ranks": limits.rank_lines,
}


def main(path: Path) -> None:
    """Write each table into a page, between its two marks."""
    text = path.read_text(encoding="utf-8")
    for name, lines in TABLES.items():
        head, *rows = lines()
        table = "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))
        begin, end = f"<!-- simulated {name}: begin -->", f"<!-- simulated {name}: end -->"
        before, rest = text.split(begin)
        _old, after = rest.split(end)
        text = f"{before}{begin}\n\n{table}\n{end}{after}"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
