"""What goes into a paper: LaTeX tables that compile, PDF figures, a paragraph with references."""

import copy
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pydantic import TypeAdapter

from prunestudy.analysis.inputs import read_inputs
from prunestudy.networks.architectures.settings import Network
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.baselines.settings import BASELINES
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.regularisers.settings import REGULARISERS, Regulariser
from prunestudy.pruning.retraining.settings import RETRAINING
from prunestudy.pruning.schedules.settings import SCHEDULES
from prunestudy.pruning.settings import Baseline, OpenLoop, sources_of
from prunestudy.report.blocks import Table
from prunestudy.report.contents import Contents
from prunestudy.report.drawings import column_drawing, drawing
from prunestudy.report.latex import CHARACTERS, escaped, tabular
from prunestudy.report.paper import (
    bibliography,
    citation_keys,
    methods_paragraph,
    network_words,
    used_keys,
)
from tests.report.fabricated import EVERY, FAILED, Build, Built, contents_of, make_study

PDFLATEX = shutil.which("pdflatex")


@pytest.fixture(scope="module")
def built(build: Build) -> Built:
    return build(make_study(methods=EVERY), FAILED)


def test_each_grid_with_a_table_behind_it_is_latex_too(built: Built) -> None:
    names = {path.name for path in (built.folder / "tables").glob("*.tex")}
    assert {"results-numbers.tex", "results-classes.tex", "headline.tex", "datasets.tex"} <= names
    text = built.text("tables/results-numbers.tex")
    assert text.startswith("% Needs \\usepackage{booktabs}. Numbers: tables/summary.csv")
    assert text.count("\\toprule") == text.count("\\midrule") == text.count("\\bottomrule") == 1
    columns = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)
    assert columns is not None
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count(" & ") for line in rows} == {len(columns[1]) - 1}


def test_no_character_is_left_that_latex_cannot_set(built: Built) -> None:
    for path in (*(built.folder / "tables").glob("*.tex"), built.folder / "paper/methods.tex"):
        text = path.read_text(encoding="utf-8")
        assert text.isascii(), [character for character in text if not character.isascii()]


def test_what_means_something_to_latex_is_escaped() -> None:
    assert escaped("a_b & 5 % {x} $\\") == r"a\_b \& 5 \% \{x\} \$\textbackslash{}"
    assert escaped("−0.1 ± 2×") == r"$-$0.1 $\pm$ 2$\times$"
    grid = Table("caption", ("name", "value"), (("a", "1"), ("b", "2")), "x.csv")
    assert "\\begin{tabular}{lr}" in tabular(grid)


def test_every_figure_is_a_pdf_of_one_column_with_its_fonts(built: Built) -> None:
    drawings = sorted((built.folder / "figures").glob("*.svg"))
    assert drawings
    for svg in drawings:
        content = svg.with_suffix(".pdf").read_bytes()
        assert content.startswith(b"%PDF")
        box = re.search(rb"/MediaBox\s*\[([^\]]+)\]", content)
        assert box is not None
        _, _, width, height = (float(number) for number in box[1].split())
        # A column of two is 85 mm, 241 points, and 230 mm high; a hair is left to axes.
        assert width <= 246, svg.name
        assert height <= 655, svg.name
        fonts = fonts_of(svg.with_suffix(".pdf"))
        assert fonts, f"{svg.name} has no text"
        assert all(fonts.values()), f"{svg.name}: {fonts}"


# Without a descriptor of its own or of its descendants a font is not embedded.
DESCRIBED = {"/FontDescriptor", "/DescendantFonts"}


def fonts_of(file: Path) -> dict[str, bool]:
    """Every font of a PDF file, and whether its outlines are embedded."""
    found = {}
    with pikepdf.open(file) as document:
        for one in document.objects:
            if not isinstance(one, pikepdf.Dictionary):
                continue
            if one.get("/Type") == "/FontDescriptor":
                files = ("/FontFile", "/FontFile2", "/FontFile3")
                found[str(one["/FontName"])] = any(name in one for name in files)
            elif one.get("/Type") == "/Font" and not DESCRIBED & {*one}:
                found[str(one["/BaseFont"])] = False
    return found


def test_the_paragraph_cites_what_there_is_an_entry_for(built: Built) -> None:
    text = built.text("paper/methods.md")
    keys = used_keys(text)
    assert {"li2017", "yang2018", "paszke2019"} <= set(keys)
    entries = re.findall(r"^@\w+\{(\w+),", built.text("paper/references.bib"), flags=re.MULTILINE)
    assert set(keys) <= set(entries)
    cited = set(re.findall(r"\\cite\{([^}]+)\}", built.text("paper/methods.tex")))
    assert {key for group in cited for key in group.split(",")} == set(keys)


def test_a_reference_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="nobody2000"):
        bibliography("as shown [@nobody2000].")


SOURCES = [
    *(info.source for info in CRITERIA.values()),
    *(info.source for info in ALLOCATIONS.values()),
    *SCHEDULES.values(),
    *(info.source for info in REGULARISERS.values()),
    *(info.source for info in RETRAINING.values()),
    *(info.source for info in BASELINES.values()),
]


@pytest.mark.parametrize("source", sorted({*SOURCES} - {""}))
def test_every_source_of_a_part_is_in_the_bibliography(source: str) -> None:
    keys = citation_keys(source)
    text = bibliography(" ".join(f"@{key}" for key in keys))
    assert len(keys) == source.count(",") + 1
    for key, work in zip(keys, source.split(", "), strict=True):
        entry = next(one for one in text.split("\n\n") if f"{{{key}," in one)
        assert f"year = {{{work[-4:]}}}" in entry
        assert work.split()[0] in entry.partition("author")[2].partition("\n")[0]


def test_the_paragraph_cites_the_parts_of_its_methods(tmp_path: Path) -> None:
    study = make_study()
    methods = {
        "sparse": OpenLoop(
            criterion="magnitude",
            granularity="unstructured",
            allocation="erk",
            schedule="cubic",
            stages=2,
            regulariser=Regulariser(kind="l1"),
            retraining="rewind_lr",
        ),
        "small": Baseline(baseline="scratch_e", shapes_of="adaptive"),
    }
    study = study.model_copy(update={"methods": {**study.methods, **methods}})
    inputs = contents_of(tmp_path, study).inputs
    cited = {
        key
        for name in methods
        for source in sources_of(study.methods[name]).values()
        for key in citation_keys(source)
    }
    assert {"zhu2017", "evci2020", "tibshirani1996", "renda2020", "liu2019"} <= cited
    assert cited <= set(used_keys(methods_paragraph(inputs)))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "mlp", "hidden": [9, 5]}, "2 hidden layers of 9 and 5 ReLU units"),
        ({"name": "cnn", "channels": [8, 16]}, "with 8 and 16 channels"),
        ({"name": "lenet_300_100"}, "LeNet-300-100"),
        ({"name": "lenet_5"}, "LeNet-5"),
        ({"name": "resnet"}, "a residual network of depth 20"),
        ({"name": "vgg_16"}, "VGG-16 with BatchNorm"),
        ({"name": "textcnn", "channels": 8, "kernels": [2, 3]}, "of 2 and 3 embedded words"),
        ({"name": "embedding_bag", "hidden": [7]}, "embedded words and 1 hidden layer of 7 ReLU"),
        ({"name": "mlp_mixed", "hidden": [7]}, "categories with 1 hidden layer of 7 ReLU units"),
    ],
)
def test_every_network_is_told_in_words_or_by_its_name(given: dict[str, Any], told: str) -> None:
    assert told in network_words(TypeAdapter(Network).validate_python(given), "its name")


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")
def test_every_table_and_the_paragraph_compile(built: Built, tmp_path: Path) -> None:
    folder = built.folder
    inputs = "\n".join(
        f"\\section*{{{escaped(path.stem)}}}\\resizebox{{\\textwidth}}{{!}}{{\\input{{{path}}}}}"
        for path in sorted((folder / "tables").glob("*.tex"))
    )
    document = (
        "\\documentclass{article}\\usepackage{booktabs,graphicx,textcomp}\\begin{document}\n"
        f"\\input{{{folder / 'paper/methods.tex'}}}\n{inputs}\n{all_characters()}\n"
        "\\end{document}\n"
    )
    (tmp_path / "all.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(
        [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000


def all_characters() -> str:
    """Each character that is translated, so that none of the translations is wrong."""
    return escaped(" ".join(CHARACTERS))


def test_a_drawing_leaves_the_page_as_it_is(built: Built) -> None:
    contents = Contents(read_inputs(built.plan, built.tables, "f" * 64))
    assert contents.controller_figure is not None
    # Rows of methods, panels side by side, and more than there is room for below each other.
    figures = [contents.size_figure, *contents.headline_figures, contents.controller_figure]
    for figure in figures:
        before = copy.deepcopy(figure.specifications)
        column_drawing(figure)
        drawing(figure)
        assert figure.specifications == before, figure.name
