"""The LaTeX of a study whose words are hostile: it compiles, and shows the words as they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from prunestudy.report.latex import escaped
from tests.report.shapes import HOSTILE, SHAPES

PDFLATEX, BIBTEX = shutil.which("pdflatex"), shutil.which("bibtex")
pytestmark = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")
# Uncompressed, so that the letters of a text can be read from the file.
HEAD = """\\documentclass{article}\\usepackage{booktabs}\\pagestyle{empty}
\\pdfcompresslevel=0 \\pdfobjcompresslevel=0 \\begin{document}
"""
BIBLIOGRAPHY = "\\bibliographystyle{plain}\\bibliography{references}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile study's report."""
    return SHAPES["hostile"].build(tmp_path_factory.mktemp("hostile"))


def compiled(folder: Path, body: str) -> str:
    """The letters of a document's pages."""
    (folder / "it.tex").write_text(f"{HEAD}{body}\n\\end{{document}}\n", encoding="utf-8")
    command = [str(PDFLATEX), "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run(
        [*command, "it.tex"], cwd=folder, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    content = (folder / "it.pdf").read_bytes().decode("latin-1")
    shown = re.findall(r"\[((?:\((?:\\.|[^\\)])*\)|[^\]()])*)\]TJ", content)
    return "".join("".join(re.findall(r"\(((?:\\.|[^\\)])*)\)", text)) for text in shown)


def test_every_table_compiles_and_shows_its_words(report: Path, tmp_path: Path) -> None:
    tables = sorted((report / "tables").glob("*.tex"))
    assert len(tables) > 10
    texts = {path.name: path.read_text(encoding="utf-8") for path in tables}
    shown = compiled(tmp_path, "\n\n".join(f"\\clearpage\n{text}" for text in texts.values()))
    hostile = [name for name, text in texts.items() if "etc/passwd" in text]
    assert {"failures.tex", "unreachable.tex", "tasks.tex", "machines.tex"} <= {*hostile}
    for words in ("etc/passwd", "write18", "onerror=", "window.hit", "U+1F9EA", "abc"):
        assert shown.count(words) >= len(hostile), words
    assert "root:x:0" not in shown


def test_each_character_is_set_by_itself(tmp_path: Path) -> None:
    """At the start of a row, where brackets and stars would belong to the row before."""
    characters = {*map(chr, range(0x20, 0x250)), *HOSTILE, *"αβτ≤→×中🧪\u0301\u2028"}
    rows = "".join(f"{escaped(one)} x & {escaped(2 * one)}\\\\\n" for one in sorted(characters))
    groups = rows.split("\n")
    tables = [
        "\\begin{tabular}{ll}\n\\toprule\n"
        + "\n".join(groups[first : first + 40])
        + "\n\\bottomrule\n\\end{tabular}\\clearpage"
        for first in range(0, len(groups), 40)
    ]
    assert compiled(tmp_path, "\n".join(tables))
    assert rows.isascii()


def test_the_paragraph_compiles_with_its_references(report: Path, tmp_path: Path) -> None:
    shutil.copytree(report / "paper", tmp_path, dirs_exist_ok=True)
    body = f"\\input{{methods.tex}}\n{BIBLIOGRAPHY}"
    compiled(tmp_path, body)
    if BIBTEX is None:
        pytest.skip("bibtex is not installed")
    done = subprocess.run([BIBTEX, "it"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    compiled(tmp_path, body)
    assert "Holm" in compiled(tmp_path, body)
    assert "undefined citations" not in (tmp_path / "it.log").read_text(errors="replace").lower()
