"""The report's sections, in the order in which they are read."""

from collections import Counter

from prunestudy.params import Study
from prunestudy.params.defaults import documented
from prunestudy.plan.plan import package_versions
from prunestudy.report import comparison_grids, formatting, grids, jobs, provenance
from prunestudy.report.blocks import (
    Block,
    Chart,
    Code,
    Drawing,
    Fold,
    Grid,
    Heading,
    Notes,
    Section,
    Text,
)
from prunestudy.report.contents import Contents
from prunestudy.report.control import loops

# The finding proper is in so many sentences; losses are among the first.
MAIN = 3
PACKAGES = (
    "prunestudy",
    "torch",
    "pytorch-lightning",
    "torch-pruning",
    "onnxruntime",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "altair",
    "vl-convert-python",
)


def sections(contents: Contents) -> list[Section]:
    """Every section, the finding first."""
    return [
        _finding(contents),
        _tradeoff(contents),
        *_controls(contents),
        _contest(contents),
        _control(contents),
        *_sensitivity(contents),
        *_failures(contents),
        _unreachable(contents),
        _cost(contents),
        _results(contents),
        _checklist(contents),
        _provenance(contents),
        _reproduce(contents),
    ]


def _finding(contents: Contents) -> Section:
    main, others = contents.finding[:MAIN], contents.finding[MAIN:]
    blocks: list[Block] = [*main, *contents.claims]
    if contents.headline_figure:
        blocks.append(Chart(contents.headline_figure))
    if others:
        blocks += [Heading("Other comparisons"), *others]
    return Section("finding", "Finding", (*blocks, Notes(tuple(contents.caveats))))


def _tradeoff(contents: Contents) -> Section:
    blocks: list[Block] = [Chart(figure) for figure in contents.tradeoff_figures]
    if len(contents.comparisons):
        blocks.append(comparison_grids.counts_grid(contents))
        blocks.append(
            Fold("Every paired comparison", (comparison_grids.comparisons_grid(contents),))
        )
    return Section("trade-off", "Trade-off curves", tuple(blocks))


def _controls(contents: Contents) -> list[Section]:
    if contents.controls_figure is None:
        return []
    words = (
        "A method gets the credit only for what its controls do not reach: the same per-layer "
        "proportions with units chosen at random or by magnitude (like), the same small shapes "
        "trained from initialisation for the same epochs (scratch_e) or up to twice as many "
        "(scratch_b), and the dense network trained on for the retraining epochs (dense_extra)."
    )
    return [Section("controls", "Controls", (Text(words), Chart(contents.controls_figure)))]


def _contest(contents: Contents) -> Section:
    inputs = contents.inputs
    blocks: list[Block] = []
    if contents.curve_figure:
        blocks.append(Text(_curve_words(contents)))
        blocks.append(Chart(contents.curve_figure))
        if len(contents.curve_traits):
            blocks.append(Fold("Lower and smoother?", (comparison_grids.traits_grid(contents),)))
    blocks += [Chart(figure) for figure in contents.size_figures]
    if len(contents.headline):
        blocks.append(comparison_grids.headline_grid(contents))
    if len(contents.latency_headline):
        blocks.append(comparison_grids.latency_grid(contents))
    for name, table in (
        ("headline", contents.headline),
        ("latency_headline", contents.latency_headline),
    ):
        if len(table):
            grid = comparison_grids.tests_grid(table, name)
            blocks.append(Fold(f"Tests and effect sizes, {name.replace('_', ' ')}", (grid,)))
    title = " against ".join(inputs.duel or ("comparison",)).capitalize()
    return Section("comparison", f"{title}: training, size, time", tuple(blocks))


def _curve_words(contents: Contents) -> str:
    """Are the curves lower and smoother? Verdicts only, losses first."""
    if contents.inputs.duel is None or contents.curve_traits.empty:
        return "Validation loss by epoch, for every method."
    first, second = contents.inputs.duel
    words = {
        "final": {"higher": "higher", "no difference": "not different", "lower": "lower"},
        "roughness": {"higher": "rougher", "no difference": "not different", "lower": "smoother"},
    }
    subjects = {"final": "final validation loss", "roughness": "curve, epoch to epoch,"}
    sentences = []
    for trait, phrases in words.items():
        rows = contents.curve_traits[contents.curve_traits["trait"] == trait]
        clauses = [
            f"{phrase} on {formatting.listed(list(rows.loc[rows['verdict'] == verdict, 'task']))}"
            for verdict, phrase in phrases.items()
            if (rows["verdict"] == verdict).any()
        ]
        if clauses:
            sentences.append(
                f"Against {second}, {first}'s {subjects[trait]} is {formatting.listed(clauses)}."
            )
    return " ".join(sentences) or "One seed allows no verdict on the training curves."


def _control(contents: Contents) -> Section:
    inputs = contents.inputs
    methods = loops(inputs)
    if not methods or contents.control_figure is None:
        text = "No method of this study is a closed loop, so there are no decisions to show."
        return Section("controller", "What the controller did", (Text(text),))
    verdicts = Counter(inputs.decisions["verdict"])
    seed = inputs.study.seeds[0]
    text = (
        f"Over all tasks and seeds: {verdicts['accepted']} stages accepted, "
        f"{verdicts['rolled back']} rolled back, {verdicts['mapped']} walked beyond the budget; "
        f"{verdicts['not chosen']} proposals tried and not chosen."
    )
    logs: list[Block] = [
        Fold(f"Log of {task}, {method}, seed {seed}", (grids.log_grid(inputs, task, method, seed),))
        for task in inputs.tasks
        for method in methods
        if method in inputs.methods_on(task)
    ]
    blocks: list[Block] = [Text(text), Chart(contents.control_figure)]
    if contents.layer_figure:
        blocks.append(Chart(contents.layer_figure))
    blocks += [grids.criteria_grid(contents), *logs]
    return Section("controller", "What the controller did", tuple(blocks))


def _sensitivity(contents: Contents) -> list[Section]:
    if contents.sensitivity_figure is None:
        return []
    return [Section("sensitivity", "Layer sensitivity", (Chart(contents.sensitivity_figure),))]


def _failures(contents: Contents) -> list[Section]:
    if contents.inputs.failures.empty:
        return []
    return [Section("failures", "Failed cells", (grids.failures_grid(contents.inputs),))]


def _unreachable(contents: Contents) -> Section:
    block: Block = Text("Every method reached every operating point on every seed.")
    if len(contents.inputs.unreachable):
        block = grids.unreachable_grid(contents.inputs)
    return Section("unreachable", "Unreachable operating points", (block,))


def _cost(contents: Contents) -> Section:
    return Section("cost", "Cost of pruning", (grids.cost_grid(contents),))


def _results(contents: Contents) -> Section:
    inputs = contents.inputs
    tables = [grids.results_grid(contents, task) for task in inputs.tasks]
    text = (
        "Means over seeds; sd is the sample standard deviation; ratios are geometric means; a t "
        "interval of few seeds may reach beyond the best quality, 1; "
        "“final” is the network at which a closed loop stopped by itself."
    )
    described = (grids.tasks_grid(inputs), grids.datasets_grid(inputs))
    oracle: list[Block] = []
    if len(contents.oracle):
        oracle = [Fold("Does quality before retraining tell?", (grids.oracle_grid(contents),))]
    blocks = (*described, Text(text, note=True), *tables, *oracle)
    return Section("results", "Results", blocks)


def _checklist(contents: Contents) -> Section:
    rows = tuple((item.id, item.status, item.text, item.evidence) for item in contents.checklist)
    caption = (
        "Recommendations (R) and appendix checklist (C) of Blalock et al. 2020, “What is the State "
        "of Neural Network Pruning?”, level of fairness (S) of Wang et al. 2023, and evaluation "
        "after retraining (O) of Feng et al. 2024, evaluated from this study's tables."
    )
    links = tuple(item.shown for item in contents.checklist)
    columns = ("line", "status", "recommendation", "evidence")
    grid = Grid(caption, columns, rows, name="checklist-lines", links=links)
    return Section("checklist", "Checklist", (grid,))


def _provenance(contents: Contents) -> Section:
    inputs = contents.inputs
    text = (
        "A sentence links the tables that its numbers are from, and a method's name in a table "
        "links the networks behind its row: for each seed the artifact, its run key, the commit "
        "that made it, and each network's sha256; from there the method's name links its "
        "parameters. The run key is also in the artifact's name, in the sidecar beside it, and in "
        "MLflow as the tag run_key, by which its search finds the run. “prunestudy trace "
        "TASK/seedN/METHOD” shows all that is known of a trajectory, with the address of its run "
        "in MLflow. tables/provenance.csv has it in full, with the tables of test quality and of "
        "latency that a network's numbers were read from, the query that finds its run in MLflow, "
        "and the commands that trace and recompute "
        "each cell."
    )
    folds = [
        Fold(
            f"Networks behind the numbers on {task}",
            (provenance.sources_grid(inputs, contents.provenance, task),),
        )
        for task in inputs.tasks
    ]
    return Section("provenance", "Where every number comes from", (Text(text), *folds))


def _reproduce(contents: Contents) -> Section:
    inputs = contents.inputs
    study = inputs.study
    named = "" if study.name == "default" else f" STUDY={study.name}"
    params = "" if study.name == "default" else f" --params studies/{study.name}.yaml"
    commits = sorted({str(one) for one in inputs.timings["git_commit"].dropna()})
    versions = package_versions(PACKAGES)
    versions_text = ", ".join(f"{name} {version}" for name, version in versions.items())
    origin = Grid(
        "Provenance of this page.",
        ("", "value"),
        (
            ("run key of the report", inputs.run_key),
            ("run key of the tables", inputs.tables_key),
            ("packages", versions_text),
            ("commits of the library", formatting.listed(commits) or "unknown"),
        ),
    )
    return Section(
        "reproduce",
        "How to reproduce",
        (
            Text("The whole study, in a checkout of the project:"),
            Code(f"make study{named}"),
            Text(
                "Is everything on disk what its jobs wrote? And would a cell come out the same? "
                "The second command computes one again and compares it byte for byte."
            ),
            Code(f"prunestudy verify{params}\n{contents.provenance['recompute'].iloc[-1]}"),
            Text("Networks and tables come out the same on one platform, measured times aside."),
            origin,
            jobs.machines_grid(inputs),
            Drawing(jobs.graph(inputs), jobs.graph_words(inputs)),
            jobs.steps_grid(inputs),
            Fold("Parameters of this study", (_parameters(study),), name="parameters"),
        ),
    )


def _parameters(study: Study) -> Code:
    """The parameters file; the lines at which tasks and methods begin have names."""
    text = documented(study)
    names, inside = [], ""
    for line in text.splitlines():
        key = line.partition(":")[0]
        inside = key if key == key.strip() else inside
        named = inside in ("tasks", "methods") and key.startswith("  ") and key[2:3] != " "
        names.append(provenance.params_anchor(inside, key.strip()) if named else "")
    return Code(text, anchors=tuple(names))
