"""Report: the study's page, tables and figures, made from its tables alone."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import TABLES, read_inputs
from prunestudy.plan.plan import Plan
from prunestudy.report import latex, paper
from prunestudy.report.blocks import Section, Table, blocks_of
from prunestudy.report.contents import Contents
from prunestudy.report.drawings import column_drawing, drawing
from prunestudy.report.markdown import markdown
from prunestudy.report.metrics import metrics
from prunestudy.report.page import page
from prunestudy.report.sections import sections
from prunestudy.store.files import write_text, written_whole
from prunestudy.store.tables import write_table

# A row an epoch of every training: megabytes that DVC keeps, and that no git history should.
LEFT_OUT = ("history.csv",)


def build_report(plan: Plan, tables: Path, folder: Path, run_key: str) -> list[Path]:
    """Write the report of a study into ``folder``; return every file written.

    The same tables and parameters give the same bytes. Files that an earlier report left in
    ``tables/``, ``figures/`` and ``paper/`` are removed.
    """
    contents = Contents(read_inputs(plan, tables, run_key))
    written = _write_tables(contents, tables, folder / "tables")
    written += _write_figures(contents, folder / "figures")
    told = sections(contents)
    written += _write_for_papers(contents, told, folder)
    texts = {
        "index.html": page(contents, told),
        "report.md": markdown(contents, told),
        "metrics.json": _json(metrics(contents)),
        "checklist.json": _json([asdict(item) for item in contents.checklist]),
    }
    written += _write_texts(texts, folder)
    for inner in ("tables", "figures", "paper"):
        _remove_others(folder / inner, written)
    return written


def _write_tables(contents: Contents, tables: Path, folder: Path) -> list[Path]:
    written = []
    for source in sorted(set(tables.glob("*.csv")) - {tables / name for name in LEFT_OUT}):
        with written_whole(folder / source.name) as scratch:
            shutil.copyfile(source, scratch)
        written.append(folder / source.name)
    for name, table in contents.tables.items():
        with written_whole(folder / f"{name}.csv") as scratch:
            write_table(table, scratch)
        written.append(folder / f"{name}.csv")
    return written


def _write_for_papers(contents: Contents, told: list[Section], folder: Path) -> list[Path]:
    """Tables as LaTeX, and the paragraph on methods with its references."""
    paragraph = paper.methods_paragraph(contents.inputs)
    texts = {f"tables/{name}": text for name, text in latex.tables(told).items()}
    # A table that is shown otherwise than it is stored, or stored nowhere, has a file as shown.
    stored = {*contents.tables, *TABLES}
    for table in blocks_of(told, Table):
        if table.label and table.label not in stored:
            texts[f"tables/{table.label}.csv"] = _as_csv(table)
    texts["paper/methods.md"] = f"{paragraph}\n"
    texts["paper/methods.tex"] = paper.latex_paragraph(paragraph, latex.escaped)
    texts["paper/references.bib"] = paper.bibliography(paragraph)
    return _write_texts(texts, folder)


def _write_texts(texts: dict[str, str], folder: Path) -> list[Path]:
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _as_csv(table: Table) -> str:
    shown = pd.DataFrame(list(table.rows), columns=list(table.columns))
    return shown.to_csv(index=False, lineterminator="\n")


def _write_figures(contents: Contents, folder: Path) -> list[Path]:
    written = []
    for figure in contents.figures:
        path = folder / f"{figure.name}.svg"
        write_text(path, drawing(figure))
        column = folder / f"{figure.name}.pdf"
        with written_whole(column) as scratch:
            scratch.write_bytes(column_drawing(figure))
        written += [path, column]
    return written


def _remove_others(folder: Path, written: list[Path]) -> None:
    """Delete files that an earlier report left behind; folders may belong to other studies."""
    for path in sorted(folder.glob("*")):
        if path.is_file() and path not in written:
            path.unlink()


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
