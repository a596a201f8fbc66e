"""Whole texts of made-up studies, word for word; a change of words is a change of these files."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from prunestudy.analysis.claims import Claim, Source
from prunestudy.analysis.inputs import AT_ONE_SPLIT
from prunestudy.analysis.measures import MEASURES, VERDICTS
from prunestudy.params.report_settings import Claims, Question
from prunestudy.report import checks, paper
from prunestudy.report.blocks import Chart, Sentence, Table, Text, blocks_of
from prunestudy.report.clauses import clauses
from prunestudy.report.contents import Contents
from prunestudy.report.sections import sections
from tests.report.fabricated import EVERY, QUESTION, contents_of, make_study, uneven

NAN = float("nan")
FOLDER = Path(__file__).parent / "golden"
WRITE = "PRUNESTUDY_WRITE_GOLDEN"
CLAIMED = QUESTION.model_copy(update={"claims": Claims(source="others", params=0.65, time=0.5)})
ASIDE = Question(method="traditional", against="other", claims=Claims(params=0.9))
SOURCE = Source("comparisons", {})
FAILED = frozenset({("numbers", 0, "other"), ("classes", 2, "traditional")})


def loss(folder: Path) -> Contents:
    """Adaptive is smaller and worse, of every kind of method; sizes, qualities, times vary."""
    study = make_study(methods=EVERY, compare=(CLAIMED,))
    return contents_of(folder, study, 300, -0.12, networks=uneven)


def capped(networks: pd.DataFrame) -> pd.DataFrame:
    """Some curves are still within the budget where their range ends."""
    steady = (networks["task"] == "numbers") & (networks["seed"] < 2)
    steady &= (networks["method"] == "adaptive") & (networks["point"] == "4")
    return uneven(networks.assign(val=networks["val"].mask(steady, 0.9)))


def limited(folder: Path) -> Contents:
    """Four seeds, another level, failed cells, and points out of reach, in one seed and in all."""
    study = make_study(seeds=4, methods=EVERY, confidence=0.9)

    def reached(table: pd.DataFrame) -> pd.DataFrame:
        small = (table["task"] == "classes") & (table["point"] == "4")
        lost = (table["method"] == "other") & (table["seed"] == 0)
        return table[~(small & (lost | (table["method"] == "alike")))]

    contents = contents_of(folder, study, failed=FAILED, networks=reached)
    beyond = contents.inputs.unreachable
    alike = [beyond.assign(seed=seed, method="alike") for seed in study.seeds]
    return Contents(replace(contents.inputs, unreachable=pd.concat([beyond, *alike])))


def gaps(folder: Path) -> Contents:
    """Most cells of a method failed, and a few networks lack one number or another."""
    failed = frozenset(("numbers", seed, "other") for seed in range(1, 5))

    def lacking(table: pd.DataFrame) -> pd.DataFrame:
        place = pd.Series(range(len(table)), index=table.index)
        columns = {"val": 20, "speedup_macs": 30, "latency_ms_b64": 1}
        lost = {name: table[name].mask(place < end) for name, end in columns.items()}
        return table.assign(**lost, run_key=table["run_key"].mask(place < 7, "another"))

    return contents_of(folder, make_study(methods=EVERY), failed=failed, networks=lacking)


def cited(sentences: Iterable[Sentence]) -> str:
    """A sentence a line, then what it cites."""
    return "".join(f"{one.text}\n    [{', '.join(one.sources)}]\n" for one in sentences)


def told(contents: Contents) -> str:
    """The finding and what becomes of others' claims."""
    said = (contents.answers, contents.further, contents.claims, contents.beside)
    return cited(sentence for sentences in said for sentence in sentences)


def evidence(contents: Contents) -> str:
    """Each line of the checklist."""
    return "".join(f"{one.id} {one.status}: {one.evidence}\n" for one in contents.checklist)


def captions(contents: Contents) -> str:
    """What has a number beside figures and tables, and in paragraphs."""
    shown = [one for one in sections(contents) if one.id != "reproduce"]
    figures = [chart.figure for chart in blocks_of(shown, Chart)]
    lines = [part for one in figures for part in (one.caption, one.alt, one.key)]
    lines += [one.caption for one in blocks_of(shown, Table)]
    lines += [one.text for one in blocks_of(shown, Text)]
    numbered = [line.strip() for line in lines if any(map(str.isdigit, line))]
    return "".join(f"{line}\n" for line in dict.fromkeys(numbered))


def limitations(folder: Path) -> str:
    """What stands beside the finding, and what else is said of fewer or more seeds."""
    found = limited(folder).limitations
    for seeds in (1, 6):
        other = contents_of(folder / str(seeds), make_study(seeds=seeds))
        found = [*found, *(one for one in other.limitations if not one.sources)]
    return cited(found)


def clauses_of_each_verdict(contents: Contents) -> str:
    """A line a measure and verdict with its flags, with numbers that come to it."""
    lines = []
    for measure, verdict, flag in product(MEASURES.values(), VERDICTS, (False, True)):
        if flag and verdict not in ("better", "worse", "undecided"):
            continue
        ends = {"better": (0.1, 0.3), "worse": (-0.3, -0.1), "equivalent": (-0.1, 0.05)}
        low, high = ends.get(verdict, (-0.1, 0.2) if verdict == "undecided" else (NAN, NAN))
        if measure.better == "lower":
            low, high = -high, -low
        middle = {"one seed": 0.7, "not measured": NAN}.get(verdict, (low + high) / 2)
        claims = [
            Claim(
                *(measure, task, NAN, "adaptive", "other", True, 1 if verdict == "one seed" else 4),
                *(middle + measure.none, low + measure.none, high + measure.none, 0.99),
                *(low + measure.none, high + measure.none, 0.01, 6),
                *(0.5, verdict, flag and verdict != "undecided", flag, 0.1, AT_ONE_SPLIT),
                *("too few" if verdict == "not measured" else "", 0, 0, 0, 0, "", SOURCE),
            )
            for task in contents.inputs.tasks
        ]
        lines.append(f"{measure.name}: {clauses(contents.inputs, claims)}\n")
    return "".join(lines)


TEXTS: dict[str, Callable[[Path], str]] = {
    "finding-loss": lambda folder: told(loss(folder)),
    "finding-win": lambda folder: told(contents_of(folder, None, 300, 0.12, networks=capped)),
    "finding-one-seed": lambda folder: told(
        contents_of(folder, make_study(seeds=1, methods=EVERY, compare=(CLAIMED,)))
    ),
    "finding-two-questions": lambda folder: told(
        contents_of(folder, make_study(methods=EVERY, compare=(CLAIMED, ASIDE)), networks=uneven)
    ),
    "clauses": lambda folder: clauses_of_each_verdict(contents_of(folder)),
    "finding-no-question": lambda folder: told(contents_of(folder, make_study(compare=()))),
    "limitations": limitations,
    "checklist": lambda folder: evidence(loss(folder)),
    "checklist-gaps": lambda folder: evidence(gaps(folder)),
    "captions": lambda folder: captions(limited(folder)),
    "paragraph": lambda folder: f"{paper.methods_paragraph(loss(folder).inputs)}\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_its_golden_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in (checks, paper):
        monkeypatch.setattr(module, "package_versions", lambda names: dict.fromkeys(names, "1.2"))
    text, file = TEXTS[name](tmp_path), FOLDER / f"{name}.txt"
    if WRITE in os.environ:
        file.write_text(text, encoding="utf-8")
    known = file.read_text(encoding="utf-8")
    assert text == known, (
        f"the text differs from {file}; if it is meant to, write the files anew with "
        f"`{WRITE}=1 pytest -n0 tests/report/test_golden.py`, and read what git says of them"
    )


def test_every_golden_file_is_compared() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(TEXTS)
