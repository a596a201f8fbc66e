"""The report's sections, in the order in which they are read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import pandas as pd

from prunestudy.analysis.decisions import loops
from prunestudy.report import tables, words
from prunestudy.report.blocks import Block, Chart, Fold, Heading, Notes, Section, Text
from prunestudy.report.contents import Contents
from prunestudy.report.formatting import listed, percent
from prunestudy.report.reproduce import reproduce
from prunestudy.store.names import DENSE

# The finding proper is in so many sentences; losses are among the first.
MAIN = 3


def sections(contents: Contents) -> list[Section]:
    """Every section that has something to show, the finding first."""
    question = " against ".join(contents.inputs.duel or ("comparison",)).capitalize()
    every: list[tuple[str, str, Callable[[Contents], list[Block]]]] = [
        ("finding", "Finding", _finding),
        ("trade-off", "Trade-off curves", _tradeoff),
        ("controls", "Controls", _controls),
        ("comparison", f"{question}: training, size, time", _question),
        ("controller", "What the controller did", _controller),
        ("sensitivity", "Layer sensitivity", _sensitivity),
        ("failures", "Failed cells", _failures),
        ("unreachable", "Unreachable operating points", _unreachable),
        ("cost", "Cost of pruning", lambda contents: [words.table("cost", contents.cost)]),
        ("results", "Results", _results),
        ("checklist", "Checklist", _checklist),
        ("provenance", "Where every number comes from", _provenance),
        ("reproduce", "How to reproduce", reproduce),
    ]
    written = ((name, title, tuple(write(contents))) for name, title, write in every)
    return [Section(name, title, blocks) for name, title, blocks in written if blocks]


def _finding(contents: Contents) -> list[Block]:
    main, others = contents.finding[:MAIN], contents.finding[MAIN:]
    blocks: list[Block] = [*main, *contents.claims]
    if contents.headline_figure:
        blocks.append(Chart(contents.headline_figure))
    if others:
        blocks += [Heading("Other comparisons"), *others]
    return [*blocks, Notes(tuple(contents.caveats))]


def _tradeoff(contents: Contents) -> list[Block]:
    compared, inputs = contents.comparisons, contents.inputs
    blocks: list[Block] = [Chart(figure) for figure in contents.tradeoff_figures]
    if len(compared):
        blocks.append(tables.comparison_counts(compared, inputs.reference))
        said = {"reference": inputs.reference, "level": percent(inputs.level)}
        every = words.table("comparisons", compared, **said)
        blocks.append(Fold("Every paired comparison", (every,)))
    return blocks


def _controls(contents: Contents) -> list[Block]:
    figure = contents.controls_figure
    return [Text(words.text("controls")), Chart(figure)] if figure else []


def _question(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    blocks: list[Block] = []
    if contents.curve_figure:
        blocks += [Text(_curve_words(contents)), Chart(contents.curve_figure)]
        if inputs.duel and len(contents.curve_traits):
            said = dict(zip(("first", "second"), inputs.duel, strict=True))
            said["level"] = percent(inputs.level)
            traits = words.table("curve_traits", contents.curve_traits, **said)
            blocks.append(Fold("Lower and smoother?", (traits,)))
    blocks += [Chart(figure) for figure in contents.size_figures]
    headlines = {"headline": contents.headline, "latency_headline": contents.latency_headline}
    headlines = {name: rows for name, rows in headlines.items() if len(rows)}
    said = {"reference": inputs.reference, "loops": listed(inputs.bound_by_latency)}
    blocks += [words.table(name, rows, **said) for name, rows in headlines.items()]
    for name, rows in headlines.items():
        title = f"Tests and effect sizes, {name.replace('_', ' ')}"
        blocks.append(Fold(title, (tables.tests(rows, name),)))
    return blocks


def _curve_words(contents: Contents) -> str:
    """Are the curves lower and smoother? Verdicts only, losses first."""
    traits = contents.curve_traits
    if contents.inputs.duel is None or traits.empty:
        return words.text("no_question")
    first, second = contents.inputs.duel
    sentences = []
    for trait, (subject, worse, better) in words.WORDS["curves"]["traits"].items():
        phrases = {"higher": worse, "no difference": "not different", "lower": better}
        clauses = [
            f"{phrase} on {listed(list(rows['task']))}"
            for verdict, phrase in phrases.items()
            if len(rows := traits[(traits["trait"] == trait) & (traits["verdict"] == verdict)])
        ]
        if clauses:
            sentences.append(f"Against {second}, {first}'s {subject} is {listed(clauses)}.")
    return " ".join(sentences) or words.text("no_curve_verdict")


def _controller(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    figures = [figure for figure in (contents.control_figure, contents.layer_figure) if figure]
    if not figures:
        return [Text(words.text("no_controller"))]
    verdicts = Counter(inputs.decisions["verdict"])
    shown = ("accepted", "rolled back", "mapped", "not chosen")
    counts = {verdict.replace(" ", "_"): verdicts[verdict] for verdict in shown}
    seed = inputs.study.seeds[0]
    logs = [
        Fold(f"Log of {task}, {method}, seed {seed}", (tables.log(inputs, task, method, seed),))
        for task in inputs.tasks
        for method in loops(inputs)
        if method in inputs.methods_on(task)
    ]
    text, criteria = words.text("controller", **counts), words.table("criteria", contents.criteria)
    return [Text(text), *map(Chart, figures), criteria, *logs]


def _sensitivity(contents: Contents) -> list[Block]:
    return [Chart(contents.sensitivity_figure)] if contents.sensitivity_figure else []


def _failures(contents: Contents) -> list[Block]:
    failures = contents.inputs.failures
    return [words.table("failures", failures)] if len(failures) else []


def _unreachable(contents: Contents) -> list[Block]:
    if contents.inputs.unreachable.empty:
        return [Text(words.text("all_reached"))]
    return [tables.unreachable(contents.inputs)]


def _results(contents: Contents) -> list[Block]:
    inputs, level = contents.inputs, percent(contents.inputs.level)
    text = Text(words.text("results"), note=True)
    blocks: list[Block] = [tables.tasks(inputs), tables.datasets(inputs), text]
    summary = contents.summary.copy()
    summary.loc[summary["method"] == DENSE, "test_change_mean"] = float("nan")
    for task in inputs.tasks:
        said = {"task": task, "metric": inputs.metric(task), "level": level}
        rows: pd.DataFrame = summary[summary["task"] == task]
        blocks.append(words.table("results", rows, inputs.reference, **said))
    if len(contents.oracle):
        oracle = words.table("oracle", contents.oracle, level=level)
        blocks.append(Fold("Does quality before retraining tell?", (oracle,)))
    return blocks


def _checklist(contents: Contents) -> list[Block]:
    rows: list[words.Row] = [{**asdict(item), "link": item.shown} for item in contents.checklist]
    return [words.table("checklist", rows)]


def _provenance(contents: Contents) -> list[Block]:
    """What the numbers of each task were made from."""
    inputs, text = contents.inputs, Text(words.text("provenance"))
    sources = {task: tables.sources(inputs, contents.provenance, task) for task in inputs.tasks}
    names = "Networks behind the numbers on {}".format
    return [text, *(Fold(names(task), (table,)) for task, table in sources.items())]
