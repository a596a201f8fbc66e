"""For a paper: a paragraph on the methods and the references of what the study used."""

from collections.abc import Callable
from importlib.resources import files

from prunestudy.analysis.inputs import Inputs
from prunestudy.networks.architectures.settings import Cnn, Mlp, Network
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.settings import Baseline, ClosedLoop, OpenLoop
from prunestudy.report import formatting
from prunestudy.store.names import DENSE

# What a criterion scores a unit by, and its key in references.bib where it has a paper.
UNITS = {
    "magnitude": ("the L1 norm of its weights", "li2017pruning"),
    "weight_spread": ("the standard deviation of its incoming weights", ""),
    "gradient": ("the mean absolute gradient of its weights", ""),
    "taylor": ("the squared first-order Taylor term of the loss", "molchanov2019importance"),
    "sensitivity": ("the mean absolute gradient of the loss by its activation", ""),
    "activation_variance": ("the variance of its activation", ""),
    "activation_entropy": ("the entropy of its activation", ""),
    "bn_scale": ("the scale of the BatchNorm that follows it", "liu2017learning"),
    "obd": (
        "the diagonal second-order term of the loss, with the empirical Fisher information for the "
        "Hessian, summed over its weights",
        "lecun1990optimal",
    ),
}
WEIGHTS = {
    "magnitude": ("their absolute value", "han2015learning"),
    "gradient": ("the mean absolute gradient", ""),
    "taylor": ("the first-order Taylor term of the loss", "molchanov2019importance"),
    "snip": ("their connection sensitivity at initialisation", "lee2019snip"),
    "obd": (
        "the diagonal second-order term of the loss, with the empirical Fisher information for the "
        "Hessian",
        "lecun1990optimal",
    ),
}
# What a data set is called, and its key.
DATA = {
    "diabetes": ("the diabetes data", "efron2004least"),
    "digits": ("Optical Recognition of Handwritten Digits", "alpaydin1998optical"),
    "wdbc": ("the Wisconsin Diagnostic Breast Cancer data", "street1993nuclear"),
    "fashion_mnist": ("Fashion-MNIST", "xiao2017fashion"),
}
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
OPTIMISERS = {"adam": "Adam", "sgd": "SGD with momentum 0.9"}
NETWORKS = {"lenet_300_100": "LeNet-300-100", "lenet_5": "LeNet-5 with 20, 50 and 500 units"}
CHECKLISTS = ("blalock2020what", "wang2023why", "feng2024oracle")
ALWAYS = (*CHECKLISTS, "wilcoxon1945individual", "holm1979simple")
CONTROLS = {
    "dense_extra": "the dense network trained on for the retraining epochs",
    "scratch_e": "the small networks of {of} from initialisation for as many epochs as theirs",
    "scratch_b": (
        "the same for as much compute as the dense network's, but at most twice the epochs "
        "[@liu2019rethinking]"
    ),
}


def methods_paragraph(inputs: Inputs) -> str:
    """What was done, in sentences that the parameters and tables fill, with citations."""
    study = inputs.study
    data = []
    for row in inputs.datasets.to_dict("records"):
        name = study.tasks[row["task"]].data.name
        title, key = DATA.get(name, (name, ""))
        counts = "/".join(
            formatting.count(row[f"{part}_rows"]) for part in ("train", "validation", "test")
        )
        data.append(
            f"{row['task']} ({title}{_cite([key])}; {counts} rows for training, validation and "
            "test)"
        )
    versions = package_versions(tuple(TOOLS))
    tools = [f"{name} {versions[key]}{_cite([cite])}" for key, (name, cite) in TOOLS.items()]
    return " ".join(
        [
            f"We compare {formatting.plural(len(inputs.methods), 'method')} on "
            f"{formatting.plural(len(inputs.tasks), 'task')}: {formatting.listed(data)}.",
            *_training(inputs),
            _points(inputs),
            "Units, or weights, with the smallest scores are removed.",
            *_sentences(inputs),
            *_controls(inputs),
            _fairness(inputs),
            f"The headline compares each method's smallest network within an allowed validation "
            f"drop of {_budgets(inputs)}.",
            f"Latency is the median of {study.latency.repeats} runs in ONNX Runtime on one CPU "
            "thread at batch 64, in turns with the dense network.",
            f"Intervals are {formatting.percent(inputs.level)} t intervals over seeds; a difference "
            "counts where its interval excludes 0 (1 for ratios) and its mean is beyond the "
            "standard deviation between seeds. Methods are compared seed by seed with the exact "
            f"Wilcoxon signed-rank test{_cite(['wilcoxon1945individual'])} and the paired t test "
            f"under Holm's correction{_cite(['holm1979simple'])}, and reported by the checklists of"
            f"{_cite(list(CHECKLISTS))}.",
            f"Software: {formatting.listed(tools)}; results are from CPUs.",
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
            f"{_network(settings.network, network)} on {task} with "
            f"{OPTIMISERS[first.optimizer]} for {first.epochs} epochs (batches of "
            f"{first.batch_size}, learning rate {first.lr:g}, "
            f"{first.lr_schedule.replace('_', '-')}), then for {again.epochs} "
            f"(learning rate {again.lr:g}, {again.lr_schedule.replace('_', '-')})"
        )
    seeds = formatting.plural(len(inputs.study.seeds), "seed")
    return [
        f"For each of {seeds} a dense network is trained on each task, and its prunings are "
        f"retrained: {'; '.join(parts)}."
    ]


def _network(network: Network, name: str) -> str:
    """An architecture in words."""
    match network:
        case Mlp(hidden=widths):
            units = formatting.listed([str(width) for width in widths])
            layers = formatting.plural(len(widths), "hidden layer")
            return f"a fully connected network with {layers} of {units} ReLU units"
        case Cnn(channels=widths):
            channels = formatting.listed([str(width) for width in widths])
            return (
                f"a network of 3×3 convolutions with {channels} channels, each with BatchNorm and "
                "ReLU, 2×2 max pooling between them and a linear classifier on the mean of the last"
            )
    return NETWORKS.get(network.name, name)


def _points(inputs: Inputs) -> str:
    points = formatting.listed([f"{point}×" for point in inputs.points])
    text = f"Networks are pruned to compressions of {points} (parameters dense ÷ pruned)"
    if len(inputs.unreachable):
        text += ", as far as a network is large enough for them"
    return f"{text}."


def _fairness(inputs: Inputs) -> str:
    """What is equal for all, as far as it is."""
    trained = [
        name
        for name, method in inputs.study.methods.items()
        if isinstance(method, ClosedLoop)
        or (isinstance(method, OpenLoop) and method.start == "trained")
        or (isinstance(method, Baseline) and method.control == "dense_extra")
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
        size = formatting.percent(limits.max_drop) if limits.relative else f"{limits.max_drop:g}"
        told.append(f"{size} {inputs.metric(task)} on {task}")
    return formatting.listed(told)


def _sentences(inputs: Inputs) -> list[str]:
    """One sentence a method that chooses by itself."""
    methods = {name: inputs.study.methods[name] for name in inputs.compared}
    return [
        f"The method {name}{_where(inputs, name)} {_described(method)}."
        for name, method in methods.items()
        if not isinstance(method, Baseline)
    ]


def _where(inputs: Inputs, name: str) -> str:
    tasks = inputs.study.methods[name].tasks
    return f" (on {formatting.listed(tasks)} alone)" if tasks else ""


def _controls(inputs: Inputs) -> list[str]:
    """One sentence on the methods that stand for comparison alone."""
    told = []
    for name, method in inputs.study.methods.items():
        if isinstance(method, Baseline):
            told.append(f"{name}, {CONTROLS[method.control].format(of=method.of)}")
        elif isinstance(method, OpenLoop) and method.reference is not None:
            chosen = "at random" if method.criterion == "random" else f"by {method.criterion}"
            told.append(f"{name}, units {chosen} in the layers' proportions of {method.reference}")
    return [f"Controls are {'; '.join(told)}."] if told else []


def _described(method: OpenLoop | ClosedLoop) -> str:
    rounded = f", to widths in multiples of {method.round_to}" if method.round_to > 1 else ""
    if isinstance(method, ClosedLoop):
        criteria = method.controller.criteria
        bound = {"params": "parameters", "latency": "measured layer times"}
        resource = bound.get(method.controller.resource, method.controller.resource)
        return (
            f"is a closed loop that frees {resource}: it proposes, retrains, evaluates and accepts "
            f"or rolls back each stage by validation quality{_cite(['yang2018netadapt'])}, with "
            f"proposals by {formatting.listed([_named(one, method) for one in criteria])}, chosen by "
            f"their record{_cite(['auer2002finite'])}{rounded}"
        )
    stages = f" over {method.stages} stages" if method.stages else ""
    criterion = method.criterion
    scheduled = [SCHEDULES[method.schedule]] if method.schedule in SCHEDULES else []
    units = method.granularity == "structured"
    chosen = "at random" if criterion == "random" else f"by {_named(criterion, method)}"
    return (
        f"removes {'units' if units else 'weights'} {chosen}, {method.allocation} over layers, "
        f"{method.schedule.replace('_', '-')}{_cite(scheduled)}{stages}{rounded}"
    )


def _named(criterion: str, method: OpenLoop | ClosedLoop) -> str:
    """A criterion by what it scores, for readers who do not know its name here, with its paper."""
    units = isinstance(method, ClosedLoop) or method.granularity == "structured"
    names = UNITS if units else WEIGHTS
    words, key = names.get(criterion, (criterion, ""))
    if units:
        words = words.replace(" its ", " a unit's ", 1)
    return f"{words} ({criterion}){_cite([key])}"


def _cite(keys: list[str]) -> str:
    """Keys as Pandoc cites them; those that are empty are left out."""
    given = [key for key in keys if key]
    return f" [@{'; @'.join(given)}]" if given else ""


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
