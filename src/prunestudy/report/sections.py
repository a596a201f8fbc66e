"""The report's sections, in the order in which they are read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import product
from typing import Any

import pandas as pd

from prunestudy.analysis.claims import of_pair
from prunestudy.analysis.decisions import loops
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import AREA, MATCHED, TIME, TIME_TEST
from prunestudy.report import tables, words
from prunestudy.report.beyond_mean import beyond_mean_section
from prunestudy.report.blocks import Block, Chart, Fold, Heading, Notes, Section, Text
from prunestudy.report.contents import Contents
from prunestudy.report.figures import Figure
from prunestudy.report.formatting import listed, percent
from prunestudy.report.reproduce import reproduce
from prunestudy.store.names import DENSE
from prunestudy.training.metrics.settings import metric_info


def sections(contents: Contents) -> list[Section]:
    """Every section that has something to show, the finding first."""
    asked = [" against ".join(question.pair) for question in contents.inputs.questions]
    asked_title = listed(asked or ["comparison"]).capitalize()
    every: list[tuple[str, str, Callable[[Contents], list[Block]]]] = [
        ("finding", "Finding", _finding),
        ("overview", "Task by task", _overview),
        ("trade-off", "Trade-off curves", _tradeoff),
        ("baselines", "Baselines", _baselines),
        ("comparison", f"{asked_title}: training, size, time", _question),
        ("controller", "What the controller did", _controller),
        ("sensitivity", "Layer sensitivity", lambda contents: _charts(contents.sensitivity_figure)),
        ("beyond-mean", "Beyond the mean", _beyond_mean),
        ("failures", "Failed cells", lambda contents: _rows("failures", contents.inputs.failures)),
        ("unreachable", "Unreachable operating points", _unreachable),
        ("cost", "Cost of pruning", lambda contents: _rows("cost", contents.cost)),
        ("results", "Results", _results),
        ("gpu-latency", "Latency on the GPU", _gpu_latency),
        ("checklist", "Checklist", _checklist),
        ("provenance", "Where every number comes from", _provenance),
        ("reproduce", "How to reproduce", reproduce),
    ]
    written = ((name, title, tuple(write(contents))) for name, title, write in every)
    return [Section(name, title, blocks) for name, title, blocks in written if blocks]


def _charts(*figures: Figure | None) -> list[Block]:
    return [Chart(figure) for figure in figures if figure]


def _rows(name: str, rows: pd.DataFrame, **said: Any) -> list[Block]:
    return [words.table(name, rows, **said)] if len(rows) else []


def _finding(contents: Contents) -> list[Block]:
    blocks: list[Block] = [*contents.answers, *_charts(*contents.headline_figures)]
    for place, question in enumerate(contents.inputs.questions):
        rows = of_pair(contents.comparisons, AREA, *question.pair)
        name = f"headline-{'-'.join(question.pair)}" if place else "headline"
        blocks.append(tables.headline(contents.inputs, rows, contents.area, name))
    blocks += [*contents.further, *contents.claims]
    if contents.beside:
        blocks += [Heading("Other comparisons"), *contents.beside]
        blocks += _charts(contents.others_figure)
        judged = listed(list(contents.regret["first"].unique()))
        said = {"judged": judged, **words.notes(contents.inputs)}
        blocks += _rows("regret", contents.regret, **said)
    return [*blocks, Notes(tuple(contents.limitations)), *_every_comparison(contents)]


def _overview(contents: Contents) -> list[Block]:
    return [tables.overview(contents.inputs, contents.overview, contents.references)]


def _every_comparison(contents: Contents) -> list[Block]:
    """Folded away: the numbers behind the sentences."""
    compared, said = contents.comparisons, _compared(contents)
    at_once = compared[compared["measure"] != MATCHED.name]
    level = percent(contents.inputs.level)
    ranks = _rows("mean_rank", contents.mean_rank, level=level)
    every = _rows("comparisons", at_once, **said) + ranks
    areas = _rows("area_summary", contents.area_summary, **said)
    folds = {"Every comparison": every, "Quality at equal size, method by method": areas}
    return [Fold(title, tuple(blocks)) for title, blocks in folds.items() if blocks]


def _tradeoff(contents: Contents) -> list[Block]:
    compared, said = contents.comparisons, _compared(contents)
    rows = compared[compared["measure"] == MATCHED.name]
    blocks = _charts(*contents.tradeoff_figures)
    if len(rows):
        blocks += [tables.matched(rows, **said)] if rows["low"].notna().any() else []
        every = words.table("every_matched", rows, **said)
        blocks.append(Fold("Every comparison at matched sizes", (every,)))
    return blocks


def _compared(contents: Contents) -> dict[str, Any]:
    """What tables of comparisons compare; one method is in the caption, several in a column."""
    inputs = contents.inputs
    firsts = set(contents.comparisons["first"])
    beside = [" against ".join(pair) for pair in inputs.pairs if pair[0] != inputs.focus]
    pairs = listed([f"{inputs.focus} against each other method", *beside])
    without = ("method",) if firsts <= {inputs.focus} else ()
    said = {"level": percent(inputs.level), **words.notes(inputs)}
    return {"pairs": pairs, "without": without, **said}


def _baselines(contents: Contents) -> list[Block]:
    shown = _charts(contents.baselines_figure)
    return [Text(words.text("baselines")), *shown] if shown else []


def _question(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    blocks: list[Block] = []
    if contents.curve_figure:
        blocks += [Text(_curve_words(contents)), Chart(contents.curve_figure)]
        if len(contents.curve_traits):
            pairs = [question.pair for question in inputs.questions]
            first, second = pairs[0] if len(pairs) == 1 else ("method", "against")
            traits = words.table(
                "curve_traits",
                contents.curve_traits,
                without=("method", "against") if len(pairs) == 1 else (),
                **{"first": first, "second": second},
            )
            blocks.append(Fold("Lower and smoother?", (traits,)))
    blocks += _charts(contents.size_figure)
    if len(contents.size_within_budget):
        sizes = words.table("size_within_budget", contents.size_within_budget)
        blocks.append(Fold("Size within the budget, method by method", (sizes,)))
    compared = contents.comparisons
    timed = compared[compared["measure"].isin([TIME.name, TIME_TEST.name])]
    blocks += _charts(contents.fastest_figure)
    return blocks + ([tables.time(inputs, timed, contents.fastest_summary)] if len(timed) else [])


def _curve_words(contents: Contents) -> str:
    """Are the curves lower and smoother? Verdicts only, losses first."""
    traits = contents.curve_traits
    if traits.empty:
        return words.text("no_question")
    sentences = []
    every = words.WORDS["curves"]["traits"].items()
    for question, (trait, (subject, better, worse)) in product(contents.inputs.questions, every):
        first, second = question.pair
        own = traits[traits["trait"] == trait]
        own = own[(own["first"] == first) & (own["second"] == second)]
        phrases = {"worse": worse, "better": better, "equivalent": "equivalent"}
        phrases["undecided"] = "undecided"
        clauses = [
            f"{phrase} on {listed(list(rows['task']))}"
            for verdict, phrase in phrases.items()
            if len(rows := own[own["verdict"] == verdict])
        ]
        if clauses:
            sentences.append(f"Against {second}, {first}'s {subject} is {listed(clauses)}.")
    return " ".join(sentences) or words.text("no_curve_verdict")


def _controller(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    shown = _charts(contents.controller_figure, contents.layer_figure)
    if not shown:
        return [Text(words.text("no_controller"))]
    verdicts = Counter(inputs.decisions["verdict"])
    counted = ("accepted", "rolled back", "mapped", "not chosen")
    counts = {verdict.replace(" ", "_"): verdicts[verdict] for verdict in counted}
    seed = inputs.study.seeds[0]
    logs = [
        Fold(f"Log of {task}, {method}, seed {seed}", (tables.log(inputs, task, method, seed),))
        for task in inputs.tasks
        for method in loops(inputs)
        if method in inputs.methods_on(task)
    ]
    text, criteria = words.text("controller", **counts), words.table("criteria", contents.criteria)
    return [Text(text), *shown, criteria, *logs]


def _beyond_mean(contents: Contents) -> list[Block]:
    return beyond_mean_section(contents.inputs, contents.beyond_mean, contents.beyond_mean_figure)


def _unreachable(contents: Contents) -> list[Block]:
    if contents.inputs.unreachable.empty:
        return [Text(words.text("all_reached"))]
    return [tables.unreachable(contents.inputs)]


def _results(contents: Contents) -> list[Block]:
    inputs, level = contents.inputs, percent(contents.inputs.level)
    text = Text(words.text("results"), note=True)
    blocks: list[Block] = [tables.tasks(inputs), tables.datasets(inputs)]
    blocks += _references(contents)
    blocks.append(text)
    summary = contents.summary.copy()
    summary.loc[summary["method"] == DENSE, "test_change_mean"] = float("nan")
    for task in inputs.tasks:
        said = {"task": task, "metric": _directed(inputs, task), "level": level}
        rows: pd.DataFrame = summary[summary["task"] == task]
        blocks.append(words.table("results", rows, inputs.focus, **said))
    blocks += _further_metrics(contents)
    if len(contents.rank_correlation):
        table = words.table("rank_correlation", contents.rank_correlation, level=level)
        blocks.append(Fold("Does the order before retraining tell the one after it?", (table,)))
    return blocks


def _directed(inputs: Inputs, task: str) -> str:
    way = "higher" if inputs.higher_is_better(task) else "lower"
    unit = inputs.study.tasks[task].metric_info.unit
    return f"{inputs.metric(task)}{unit and f' in {unit}'}, {way} is better"


def _further_metrics(contents: Contents) -> list[Block]:
    """Metrics beside the task's own, folded away."""
    table, level = contents.further_metrics, percent(contents.inputs.level)
    folds: list[Block] = []
    for task in dict.fromkeys(table["task"]):
        rows = table[table["task"] == task].copy()
        ways = rows["higher_is_better"].map({True: "higher is better", False: "lower is better"})
        rows["metric"] = rows["label"] + ", " + ways
        rows.loc[rows["method"] == DENSE, "test_change_mean"] = float("nan")
        known = map(metric_info, contents.inputs.study.tasks[task].metrics or ())
        said = {"task": task, "level": level, **words.metric_notes(known)}
        shown = words.table("further_metrics", rows, contents.inputs.focus, **said)
        folds.append(Fold(f"Further metrics on {task}", (shown,)))
    return folds


def _references(contents: Contents) -> list[Block]:
    """The dense networks against models of another kind, where a task names one."""
    rows = contents.references
    return [tables.references(contents.inputs, rows)] if len(rows) else []


def _gpu_latency(contents: Contents) -> list[Block]:
    inputs, rows = contents.inputs, contents.gpu_latency
    said: dict[str, Any] = {"gpus": listed(inputs.gpus), "repeats": inputs.study.latency.repeats}
    return [
        words.table("gpu_latency", rows[rows["task"] == task], inputs.focus, task=task, **said)
        for task in (inputs.tasks if inputs.gpus else ())
    ]


def _checklist(contents: Contents) -> list[Block]:
    rows: list[words.Row] = [{**asdict(item), "link": item.shown} for item in contents.checklist]
    return [words.table("checklist", rows)]


def _provenance(contents: Contents) -> list[Block]:
    """What the numbers of each task were made from."""
    inputs, text = contents.inputs, Text(words.text("provenance"))
    sources = {task: tables.sources(inputs, contents.provenance, task) for task in inputs.tasks}
    names = "Networks behind the numbers on {}".format
    return [text, *(Fold(names(task), (table,)) for task, table in sources.items())]
