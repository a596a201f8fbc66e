"""Commands about data: what a data set holds, before anything is trained on it."""

import contextlib
import textwrap
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from prunestudy.cli.catalogue import listing
from prunestudy.cli.options import Commands, add_command
from prunestudy.data.dataset import Dataset, Facts, dataset_of
from prunestudy.data.settings import DATASETS, ROWS, Data
from prunestudy.errors import ParamsError, StudyError, near
from prunestudy.params.reader import read_study
from prunestudy.params.settings import Study

WIDTH = 80
LABEL = 12
MOST_LINES = 40


def add(commands: Commands) -> None:
    """Add ``data`` with its verbs."""
    group = commands.add_parser("data", description="Look at data sets")
    group.set_defaults(name="data", summary="look at data sets: list, show")
    verbs: Commands = group.add_subparsers(metavar="VERB", required=True)
    listed = add_command(verbs, "list", "list the data sets of the catalogue", _list, False)
    listed.set_defaults(name="data list")
    show = add_command(verbs, "show", "show what a data set holds, and its split", _show)
    show.set_defaults(name="data show")
    show.add_argument("of", metavar="NAME", help="task of the study, or data set of the catalogue")


def _list(_arguments: Namespace) -> None:
    print(listing())


def _show(arguments: Namespace) -> None:
    print("\n".join(_lines(arguments.of, arguments.params)))


def _lines(name: str, params: Path) -> Iterator[str]:
    """A data set, a fact a line."""
    study = None
    # What the catalogue has is shown without a study, or beside a broken one.
    with contextlib.suppress(*([ParamsError] if name in DATASETS else [])):
        study = read_study(params)
    data, reads, task = _found(name, study)
    dataset = dataset_of(data, reads)
    yield from _entry("data", f"{data.called}" + (f" (task {task})" if task else ""))
    yield from _entry("title", dataset.title)
    shape = "×".join(map(str, dataset.input_shape))
    yield from _entry("input", f"{dataset.inputs}, {shape} as the network reads it")
    yield from _entry("target", _target(dataset))
    if dataset.facts is not None:
        yield from _own(dataset.facts, data)
        return
    if name in ROWS or data.name in ROWS:
        rows, apart = ROWS[str(data.name)]
        told = f", {apart:,} of them for testing by its publisher" if apart else ""
        yield from _entry("rows", f"{rows:,}{told}")
    for label, text in (
        ("licence", dataset.licence),
        ("citation", dataset.citation),
        ("from", dataset.url),
    ):
        if text:
            yield from _entry(label, text)
    for member in dataset.members:
        sources = "; else ".join(map(str, member.sources))
        yield from _entry("source", f"{member.name}: {sources}")
        yield from _entry("  sha256", member.sha256)


def _found(name: str, study: Study | None) -> tuple[Data, str, str]:
    """Data by the name of a task or data set, how they are read, and the task.

    Raises:
        StudyError: there is neither.
    """
    tasks = study.tasks if study else {}
    if name in tasks:
        return tasks[name].data, tasks[name].network.reads, name
    if name in DATASETS:
        return Data(name=name), "numbers", ""
    known = [*tasks, *DATASETS]
    meant = near(name, known)
    told = f"; did you mean '{meant}'?" if meant else ";"
    raise StudyError(f"'{name}' is neither a task nor a data set{told} known: {', '.join(known)}")


def _target(dataset: Dataset) -> str:
    if dataset.target == "value":
        return "a value"
    what = "classes" if dataset.target == "class" else "labels"
    return f"{len(dataset.classes)} {what}: {', '.join(dataset.classes)}"


def _own(facts: Facts, data: Data) -> Iterator[str]:
    """What was found in the user's own data."""
    parts = ", ".join(f"{part} {count:,}" for part, count in facts.parts.items())
    how = f"one of {data.split.folds} folds" if data.split.folds else "one split for all seeds"
    how = f"in order of {data.time}" if data.time else how
    how += f", groups by {data.group}" if data.group else ""
    yield from _entry("rows", f"{facts.rows:,} ({parts}; {how})")
    if facts.classes:
        yield from _entry("balance", f"rows (share), then {' / '.join(facts.parts)}")
    for place, (name, counts) in enumerate(facts.classes.items()):
        if place == MOST_LINES:
            yield from _entry("", f"and {len(facts.classes) - MOST_LINES:,} more")
            break
        total = sum(counts.values())
        told = " / ".join(f"{count:,}" for count in counts.values())
        share = f"{total:,} ({total / facts.rows:.1%})"
        yield from _entry("", f"{name}: {share}, {told}")
    for place, (name, (kind, missing)) in enumerate(facts.columns.items()):
        if place == MOST_LINES:
            yield from _entry("", f"and {len(facts.columns) - MOST_LINES:,} more")
            break
        told = f", {missing:,} missing ({missing / facts.rows:.1%})" if missing else ""
        yield from _entry("columns" if place == 0 else "", f"{name}: {kind}{told}")
    yield from _entry("licence", "yours to know; nothing is said of it in a file")
    for path, digest in facts.files.items():
        yield from _entry("source", path)
        yield from _entry("  sha256", digest)
    for warning in facts.warnings:
        yield from _entry("warning", warning)


def _entry(label: str, text: str) -> list[str]:
    """A fact in at most 80 columns; what has no place to break is longer."""
    first = f"{label:<{LABEL}}"
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
