"""The report's sections, in the order in which they are read."""

from collections import Counter
from collections.abc import Callable

from prunestudy.analysis.decisions import loops
from prunestudy.report import comparison_tables, tables
from prunestudy.report.blocks import Block, Chart, Fold, Heading, Notes, Section, Table, Text
from prunestudy.report.contents import Contents
from prunestudy.report.formatting import listed, percent
from prunestudy.report.reproduce import provenance, reproduce

# The finding proper is in so many sentences; losses are among the first.
MAIN = 3
CONTROLS = (
    "A method gets the credit only for what its controls do not reach: the same per-layer "
    "proportions with units chosen at random or by magnitude (like), the same small shapes trained "
    "from initialisation for the same epochs (scratch_e) or up to twice as many (scratch_b), and "
    "the dense network trained on for the retraining epochs (dense_extra)."
)
RESULTS = (
    "Means over seeds; sd is the sample standard deviation; ratios are geometric means; a t "
    "interval of few seeds may reach beyond the best quality, 1; “final” is the network at which a "
    "closed loop stopped by itself."
)
CHECKLIST = (
    "Recommendations (R) and appendix checklist (C) of Blalock et al. 2020, “What is the State of "
    "Neural Network Pruning?”, level of fairness (S) of Wang et al. 2023, and evaluation after "
    "retraining (O) of Feng et al. 2024, evaluated from this study's tables."
)
# What training curves are, in words, by trait and verdict; losses first.
TRAITS = {
    "final": ("final validation loss", "higher", "lower"),
    "roughness": ("curve, epoch to epoch,", "rougher", "smoother"),
}


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
        ("cost", "Cost of pruning", lambda contents: [tables.COST.table(contents.cost)]),
        ("results", "Results", _results),
        ("checklist", "Checklist", _checklist),
        ("provenance", "Where every number comes from", provenance),
        ("reproduce", "How to reproduce", reproduce),
    ]
    return [
        Section(name, title, tuple(blocks))
        for name, title, write in every
        if (blocks := write(contents))
    ]


def _finding(contents: Contents) -> list[Block]:
    main, others = contents.finding[:MAIN], contents.finding[MAIN:]
    blocks: list[Block] = [*main, *contents.claims]
    if contents.headline_figure:
        blocks.append(Chart(contents.headline_figure))
    if others:
        blocks += [Heading("Other comparisons"), *others]
    return [*blocks, Notes(tuple(contents.caveats))]


def _tradeoff(contents: Contents) -> list[Block]:
    blocks: list[Block] = [Chart(figure) for figure in contents.tradeoff_figures]
    if len(contents.comparisons):
        words = {"reference": contents.inputs.reference, "level": percent(contents.inputs.level)}
        every = comparison_tables.COMPARISONS.table(contents.comparisons, **words)
        blocks.append(comparison_tables.counts_table(contents.comparisons, words["reference"]))
        blocks.append(Fold("Every paired comparison", (every,)))
    return blocks


def _controls(contents: Contents) -> list[Block]:
    figure = contents.controls_figure
    return [Text(CONTROLS), Chart(figure)] if figure else []


def _question(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    blocks: list[Block] = []
    if contents.curve_figure:
        blocks += [Text(_curve_words(contents)), Chart(contents.curve_figure)]
        if len(contents.curve_traits):
            first, second = inputs.duel or ("first", "second")
            words = {"first": first, "second": second, "level": percent(inputs.level)}
            traits = comparison_tables.CURVE_TRAITS.table(contents.curve_traits, **words)
            blocks.append(Fold("Lower and smoother?", (traits,)))
    blocks += [Chart(figure) for figure in contents.size_figures]
    headline, latency = contents.headline, contents.latency_headline
    if len(headline):
        blocks.append(comparison_tables.HEADLINE.table(headline, reference=inputs.reference))
    if len(latency):
        loops_named = listed(inputs.bound_by_latency)
        blocks.append(comparison_tables.LATENCY.table(latency, loops=loops_named))
    for name, rows in (("headline", headline), ("latency_headline", latency)):
        if len(rows):
            tests = comparison_tables.tests_table(rows, name)
            blocks.append(Fold(f"Tests and effect sizes, {name.replace('_', ' ')}", (tests,)))
    return blocks


def _curve_words(contents: Contents) -> str:
    """Are the curves lower and smoother? Verdicts only, losses first."""
    traits = contents.curve_traits
    if contents.inputs.duel is None or traits.empty:
        return "Validation loss by epoch, for every method."
    first, second = contents.inputs.duel
    sentences = []
    for trait, (subject, worse, better) in TRAITS.items():
        phrases = {"higher": worse, "no difference": "not different", "lower": better}
        clauses = [
            f"{phrase} on {listed(list(rows['task']))}"
            for verdict, phrase in phrases.items()
            if len(rows := traits[(traits["trait"] == trait) & (traits["verdict"] == verdict)])
        ]
        if clauses:
            sentences.append(f"Against {second}, {first}'s {subject} is {listed(clauses)}.")
    return " ".join(sentences) or "One seed allows no verdict on the training curves."


def _controller(contents: Contents) -> list[Block]:
    inputs = contents.inputs
    if not loops(inputs) or contents.control_figure is None:
        text = "No method of this study is a closed loop, so there are no decisions to show."
        return [Text(text)]
    verdicts = Counter(inputs.decisions["verdict"])
    seed = inputs.study.seeds[0]
    text = (
        f"Over all tasks and seeds: {verdicts['accepted']} stages accepted, "
        f"{verdicts['rolled back']} rolled back, {verdicts['mapped']} walked beyond the budget; "
        f"{verdicts['not chosen']} proposals tried and not chosen."
    )
    figures = [figure for figure in (contents.control_figure, contents.layer_figure) if figure]
    return [
        Text(text),
        *map(Chart, figures),
        tables.CRITERIA.table(contents.criteria),
        *(
            Fold(
                f"Log of {task}, {method}, seed {seed}",
                (tables.log_table(inputs, task, method, seed),),
            )
            for task in inputs.tasks
            for method in loops(inputs)
            if method in inputs.methods_on(task)
        ),
    ]


def _sensitivity(contents: Contents) -> list[Block]:
    return [Chart(contents.sensitivity_figure)] if contents.sensitivity_figure else []


def _failures(contents: Contents) -> list[Block]:
    failures = contents.inputs.failures
    return [tables.FAILURES.table(failures)] if len(failures) else []


def _unreachable(contents: Contents) -> list[Block]:
    if contents.inputs.unreachable.empty:
        return [Text("Every method reached every operating point on every seed.")]
    return [tables.unreachable_table(contents.inputs)]


def _results(contents: Contents) -> list[Block]:
    inputs, summary = contents.inputs, contents.summary
    level = percent(inputs.level)
    described = (tables.tasks_table(inputs), tables.datasets_table(inputs))
    blocks: list[Block] = [*described, Text(RESULTS, note=True)]
    for task in inputs.tasks:
        words = {"task": task, "metric": inputs.metric(task), "level": level}
        rows = summary[summary["task"] == task]
        blocks.append(tables.RESULTS.table(rows, inputs.reference, **words))
    if len(contents.oracle):
        oracle = tables.ORACLE.table(contents.oracle, level=level)
        blocks.append(Fold("Does quality before retraining tell?", (oracle,)))
    return blocks


def _checklist(contents: Contents) -> list[Block]:
    items = contents.checklist
    rows = tuple((item.id, item.status, item.text, item.evidence) for item in items)
    links = tuple((item.shown, "", "", "") for item in items)
    columns = ("line", "status", "recommendation", "evidence")
    return [Table(CHECKLIST, columns, rows, name="checklist-lines", links=links)]
