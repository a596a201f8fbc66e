"""For a paper: a paragraph on the methods and the references of what the study used."""

from collections.abc import Callable
from importlib.resources import files

from prunestudy.params import Method
from prunestudy.plan import DENSE, package_versions
from prunestudy.report import wording
from prunestudy.report.inputs import Inputs

# Keys of references.bib, by what a study uses.
CRITERIA = {
    "magnitude": "han2015learning",
    "taylor": "molchanov2019importance",
    "snip": "lee2019snip",
    "obd": "lecun1990optimal",
    "bn_scale": "liu2017learning",
}
DATA = {"fashion_mnist": "xiao2017fashion", "digits": "alpaydin1998optical"}
DATA |= {"wdbc": "street1993nuclear", "diabetes": "efron2004least"}
TOOLS = {
    "torch": ("PyTorch", "paszke2019pytorch"),
    "pytorch-lightning": ("PyTorch Lightning", "falcon2019lightning"),
    "torch-pruning": ("Torch-Pruning", "fang2023depgraph"),
    "onnxruntime": ("ONNX Runtime", "onnxruntime2021"),
    "scikit-learn": ("scikit-learn", "pedregosa2011scikit"),
    "scipy": ("SciPy", "virtanen2020scipy"),
    "pandas": ("pandas", "mckinney2010data"),
    "altair": ("Altair", "vanderplas2018altair"),
    "snakemake": ("Snakemake", "molder2021sustainable"),
    "dvc": ("DVC", "kuprieiev2020dvc"),
    "mlflow": ("MLflow", "zaharia2018accelerating"),
}
SCHEDULES = {"cubic": "zhu2017prune"}
CHECKLISTS = ("blalock2020what", "wang2023why", "feng2024oracle")
ALWAYS = (*CHECKLISTS, "wilcoxon1945individual", "holm1979simple")
CONTROLS = {
    "dense_extra": "the dense network trained on for the retraining epochs",
    "scratch_e": "the small networks of {of} from initialisation for as many epochs",
    "scratch_b": "the small networks of {of} from initialisation for as much compute",
}


def methods_paragraph(inputs: Inputs) -> str:
    """What was done, in sentences that the parameters and tables fill, with citations."""
    study = inputs.study
    data = []
    for row in inputs.datasets.to_dict("records"):
        name = study.tasks[row["task"]].data.name
        cited = _cite([DATA[name]]) if name in DATA else ""
        counts = "/".join(
            wording.count(row[f"{part}_rows"]) for part in ("train", "validation", "test")
        )
        data.append(
            f"{row['task']} ({name}{cited}, {counts} rows for training, validation and test)"
        )
    versions = package_versions(tuple(TOOLS))
    tools = [f"{name} {versions[key]}{_cite([cite])}" for key, (name, cite) in TOOLS.items()]
    return " ".join(
        [
            f"We compare {wording.plural(len(inputs.methods), 'method')} on "
            f"{wording.plural(len(inputs.tasks), 'task')}: {wording.listed(data)}.",
            *_training(inputs),
            _points(inputs),
            *_sentences(inputs),
            *_controls(inputs),
            _fairness(inputs),
            f"The headline compares each method's smallest network within an allowed validation "
            f"drop of {_budgets(inputs)}.",
            f"Latency is the median of {study.latency.repeats} runs in ONNX Runtime on one CPU "
            "thread at batch 64, in turns with the dense network.",
            f"Intervals are {wording.percent(inputs.level)} t intervals over seeds; a difference "
            "counts where its interval excludes 0 (1 for ratios) and its mean is beyond the "
            "standard deviation between seeds. Methods are compared seed by seed with the exact "
            f"Wilcoxon signed-rank test{_cite(['wilcoxon1945individual'])} and the paired t test "
            f"under Holm's correction{_cite(['holm1979simple'])}, and reported by the checklists of"
            f"{_cite(list(CHECKLISTS))}.",
            f"Software: {wording.listed(tools)}; results are from CPUs.",
        ]
    )


def _training(inputs: Inputs) -> list[str]:
    """How the dense networks are trained, a sentence a task."""
    parts = []
    for task in inputs.tasks:
        settings = inputs.study.tasks[task]
        network = inputs.cells(task, DENSE)["network"].iloc[0]
        first, again = settings.training, settings.retraining
        parts.append(
            f"{network} on {task} with {first.optimizer} for {first.epochs} epochs (batches of "
            f"{first.batch_size}, learning rate {first.lr:g}, "
            f"{first.lr_schedule.replace('_', '-')}), then for {again.epochs} "
            f"(learning rate {again.lr:g}, {again.lr_schedule.replace('_', '-')})"
        )
    seeds = wording.plural(len(inputs.study.seeds), "seed")
    return [
        f"For each of {seeds} a dense network is trained on each task, and its prunings are "
        f"retrained: {'; '.join(parts)}."
    ]


def _points(inputs: Inputs) -> str:
    points = wording.listed([f"{point}×" for point in inputs.points])
    text = f"Networks are pruned to compressions of {points} (parameters dense ÷ pruned)"
    if len(inputs.unreachable):
        text += ", as far as a network is large enough for them"
    return f"{text}."


def _fairness(inputs: Inputs) -> str:
    """What is equal for all, as far as it is."""
    trained = [
        name
        for name, method in inputs.study.methods.items()
        if method.start == "trained" and method.control in (None, "dense_extra")
    ]
    pruned = inputs.networks[
        inputs.networks["method"].isin(trained) & (inputs.networks["compression"] > 1)
    ]
    equal = bool((pruned.groupby("task")["epochs"].nunique() == 1).all())
    same = "the same" if equal else "not the same"
    return (
        f"Networks that are pruned from the dense one have {same} retraining epochs on a task; all "
        "decisions use validation data, and test data is read once for each network."
    )


def _budgets(inputs: Inputs) -> str:
    told = []
    for task in inputs.tasks:
        limits = inputs.study.tasks[task].requirements
        size = wording.percent(limits.max_drop) if limits.relative else f"{limits.max_drop:g}"
        told.append(f"{size} {inputs.metric(task)} on {task}")
    return wording.listed(told)


def _sentences(inputs: Inputs) -> list[str]:
    """One sentence a method that chooses by itself."""
    return [
        f"The method {name}{_where(inputs, name)} {_described(inputs.study.methods[name])}."
        for name in inputs.compared
    ]


def _where(inputs: Inputs, name: str) -> str:
    tasks = inputs.study.methods[name].tasks
    return f" (on {wording.listed(tasks)} alone)" if tasks else ""


def _controls(inputs: Inputs) -> list[str]:
    """One sentence on the methods that stand for comparison alone."""
    told = []
    for name, method in inputs.study.methods.items():
        if method.control is not None:
            told.append(f"{name}, {CONTROLS[method.control].format(of=method.of)}")
        elif method.reference is not None:
            told.append(
                f"{name}, units by {method.criterion} in the layers' proportions of "
                f"{method.reference}"
            )
    return [f"Controls are {'; '.join(told)}."] if told else []


def _described(method: Method) -> str:
    rounded = f", to widths in multiples of {method.round_to}" if method.round_to > 1 else ""
    if method.controller is not None:
        criteria = method.controller.criteria
        bound = {"params": "parameters", "latency": "measured layer times"}
        resource = bound.get(method.controller.resource, method.controller.resource)
        return (
            f"is a closed loop that frees {resource}: it proposes, retrains, evaluates and accepts "
            f"or rolls back each stage by validation quality{_cite(['yang2018netadapt'])}, with "
            f"proposals by {wording.listed(criteria)}{_cite(_references(criteria))} chosen by "
            f"their record{_cite(['auer2002finite'])}{rounded}"
        )
    stages = f" over {method.stages} stages" if method.stages else ""
    criterion = str(method.criterion)
    scheduled = [SCHEDULES[method.schedule]] if method.schedule in SCHEDULES else []
    return (
        f"removes {'units' if method.granularity == 'structured' else 'weights'} "
        f"{'at random' if criterion == 'random' else f'by {criterion}'}"
        f"{_cite(_references([criterion]))}, {method.allocation} over layers, "
        f"{method.schedule.replace('_', '-')}{_cite(scheduled)}{stages}{rounded}"
    )


def _references(criteria: list[str]) -> list[str]:
    return [CRITERIA[name] for name in criteria if name in CRITERIA]


def _cite(keys: list[str]) -> str:
    return f" [@{'; @'.join(keys)}]" if keys else ""


def used_keys(text: str) -> list[str]:
    """The citation keys of a text, sorted."""
    words = text.replace("[", " ").replace("]", " ").replace(";", " ").split()
    return sorted({word.strip(".,:)(")[1:] for word in words if word.startswith("@")})


def bibliography(text: str) -> str:
    """The BibTeX entries that a text cites, and those of the checklists.

    Raises:
        KeyError: an entry is missing.
    """
    entries = _entries()
    return "\n\n".join(entries[key] for key in sorted({*used_keys(text), *ALWAYS})) + "\n"


def _entries() -> dict[str, str]:
    text = files("prunestudy.report").joinpath("references.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in text.split("\n\n") if entry.strip()]
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in entries}


def latex_paragraph(text: str, escape: Callable[[str], str]) -> str:
    """The paragraph with ``\\cite`` for each bracket of keys."""
    parts = text.split("[@")
    out = escape(parts[0].removesuffix(" ")) if len(parts) > 1 else escape(parts[0])
    for place, part in enumerate(parts[1:], start=1):
        keys, _, rest = part.partition("]")
        cited = ",".join(key.strip().lstrip("@") for key in keys.split(";"))
        last = place == len(parts) - 1
        out += f"~\\cite{{{cited}}}" + escape(rest if last else rest.removesuffix(" "))
    return out + "\n"
