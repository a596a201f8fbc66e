"""For a paper: a paragraph on the methods and the references of what the study used."""

import re
from collections.abc import Callable
from importlib.resources import files

from prunestudy.analysis.fairness import equally_retrained
from prunestudy.analysis.inputs import Inputs
from prunestudy.networks.architectures.settings import Cnn, Mlp
from prunestudy.params.settings import Task
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, OpenLoop
from prunestudy.report.formatting import count, listed, percent, plural
from prunestudy.report.telling import allowed_drop
from prunestudy.store.names import DENSE
from prunestudy.training.settings import Training

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
CITED = re.compile(r"@(\w+)")
BRACKET = re.compile(r" (\[@[^\]]*\])")
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
PARAGRAPH = (
    "We compare {methods} on {tasks}: {data}. For each of {seeds} a dense network is trained on "
    "each task, and its prunings are retrained: {training}. Networks are pruned to compressions of "
    "{points} (parameters dense ÷ pruned){as_far}. Units, or weights, with the smallest scores are "
    "removed. {described} {controls}Networks that are pruned from the dense one have {same} "
    "retraining epochs on a task; all decisions use validation data, and test data is read once "
    "for each network. The headline compares each method's smallest network within an allowed "
    "validation drop of {drops}. Latency is the median of {repeats} runs in ONNX Runtime on one "
    "CPU thread at batch 64, in turns with the dense network. Intervals are {level} t intervals "
    "over seeds; a difference counts where its interval excludes 0 (1 for ratios) and its mean is "
    "beyond the standard deviation between seeds. Methods are compared seed by seed with the exact "
    "Wilcoxon signed-rank test [@wilcoxon1945individual] and the paired t test under Holm's "
    "correction [@holm1979simple], and reported by the checklists of{checklists}. Software: "
    "{tools}; results are from CPUs."
)
LOOP = (
    "is a closed loop that frees {resource}: it proposes, retrains, evaluates and accepts or rolls "
    "back each stage by validation quality [@yang2018netadapt], with proposals by {criteria}, "
    "chosen by their record [@auer2002finite]"
)


def methods_paragraph(inputs: Inputs) -> str:
    """What was done, in sentences that the parameters and tables fill, with citations."""
    study = inputs.study
    versions = package_versions(tuple(TOOLS))
    tools = [f"{name} {versions[key]}{_cite(cite)}" for key, (name, cite) in TOOLS.items()]
    described = [
        f"The method {name}{_where(method)} {_described(method)}."
        for name, method in study.methods.items()
        if method.plain
    ]
    controls = [text for name, one in study.methods.items() if (text := _control(name, one))]
    return PARAGRAPH.format(
        methods=plural(len(inputs.methods), "method"),
        tasks=plural(len(inputs.tasks), "task"),
        data=listed(_data(inputs)),
        seeds=plural(len(study.seeds), "seed"),
        training="; ".join(_trained(inputs, task) for task in inputs.tasks),
        points=listed([f"{point}×" for point in inputs.points]),
        as_far=", as far as a network is large enough for them" if len(inputs.unreachable) else "",
        described=" ".join(described),
        controls=f"Controls are {'; '.join(controls)}. " if controls else "",
        same="the same" if equally_retrained(inputs) else "not the same",
        drops=listed([allowed_drop(inputs, task) for task in inputs.tasks]),
        repeats=study.latency.repeats,
        level=percent(inputs.level),
        checklists=_cite(*CHECKLISTS),
        tools=listed(tools),
    )


def _data(inputs: Inputs) -> list[str]:
    """The data set of each task with its rows."""
    told = []
    for row in inputs.datasets.to_dict("records"):
        name = inputs.study.tasks[row["task"]].data.name
        title, key = DATA.get(name, (name, ""))
        rows = "/".join(count(row[f"{part}_rows"]) for part in ("train", "validation", "test"))
        told.append(
            f"{row['task']} ({title}{_cite(key)}; {rows} rows for training, validation and test)"
        )
    return told


def _trained(inputs: Inputs, task: str) -> str:
    """How the dense network of a task is trained, and its prunings again."""
    settings = inputs.study.tasks[task]
    first, again = settings.training, settings.retraining
    optimiser = f"{OPTIMISERS[first.optimizer]} for {first.epochs} epochs"
    batches = f"batches of {first.batch_size}, {_rate(first)}"
    network = _network(settings, inputs.cells(task, DENSE)["network"].iloc[0])
    return (
        f"{network} on {task} with {optimiser} ({batches}), then for {again.epochs} "
        f"({_rate(again)})"
    )


def _rate(training: Training) -> str:
    return f"learning rate {training.lr:g}, {training.lr_schedule.replace('_', '-')}"


def _network(task: Task, name: str) -> str:
    """An architecture in words."""
    match task.network:
        case Mlp(hidden=widths):
            layers = plural(len(widths), "hidden layer")
            return f"a fully connected network with {layers} of {_units(widths)} ReLU units"
        case Cnn(channels=widths):
            return (
                f"a network of 3×3 convolutions with {_units(widths)} channels, each with "
                "BatchNorm and ReLU, 2×2 max pooling between them and a linear classifier on the "
                "mean of the last"
            )
    return NETWORKS.get(task.network.name, name)


def _units(widths: list[int]) -> str:
    return listed([str(width) for width in widths])


def _where(method: Method) -> str:
    return f" (on {listed(method.tasks)} alone)" if method.tasks else ""


def _control(name: str, method: Method) -> str:
    """What a method that stands for comparison alone is; nothing for others."""
    if isinstance(method, Baseline):
        return f"{name}, {CONTROLS[method.control].format(of=method.of)}"
    if method.reference is None or not isinstance(method, OpenLoop):
        return ""
    chosen = "at random" if method.criterion == "random" else f"by {method.criterion}"
    return f"{name}, units {chosen} in the layers' proportions of {method.reference}"


def _described(method: Method) -> str:
    assert not isinstance(method, Baseline), "baselines are described by what they stand for"
    rounded = f", to widths in multiples of {method.round_to}" if method.round_to > 1 else ""
    units = isinstance(method, ClosedLoop) or method.granularity == "structured"
    if isinstance(method, ClosedLoop):
        resource = method.controller.resource
        bound = {"params": "parameters", "latency": "measured layer times"}
        criteria = listed([_named(one, units) for one in method.controller.criteria])
        return LOOP.format(resource=bound.get(resource, resource), criteria=criteria) + rounded
    criterion = method.criterion
    chosen = "at random" if criterion == "random" else f"by {_named(criterion, units)}"
    stages = f" over {method.stages} stages" if method.stages else ""
    scheduled = f"{method.schedule.replace('_', '-')}{_cite(SCHEDULES.get(method.schedule, ''))}"
    return (
        f"removes {'units' if units else 'weights'} {chosen}, {method.allocation} over layers, "
        f"{scheduled}{stages}{rounded}"
    )


def _named(criterion: str, units: bool) -> str:
    """A criterion by what it scores, for readers who do not know its name here, with its paper."""
    words, key = (UNITS if units else WEIGHTS).get(criterion, (criterion, ""))
    words = words.replace(" its ", " a unit's ", 1) if units else words
    return f"{words} ({criterion}){_cite(key)}"


def _cite(*keys: str) -> str:
    """Keys as Pandoc cites them; those that are empty are left out."""
    given = [f"@{key}" for key in keys if key]
    return f" [{'; '.join(given)}]" if given else ""


def used_keys(text: str) -> list[str]:
    """The citation keys of a text, sorted."""
    return sorted(set(CITED.findall(text)))


def bibliography(text: str) -> str:
    """The BibTeX entries that a text cites, and those of the checklists.

    Raises:
        KeyError: an entry is missing.
    """
    content = files("prunestudy.report").joinpath("references.bib").read_text(encoding="utf-8")
    named = [entry.strip() for entry in content.split("\n\n") if entry.strip()]
    entries = {entry.partition("{")[2].partition(",")[0]: entry for entry in named}
    return "\n\n".join(entries[key] for key in sorted({*used_keys(text), *ALWAYS})) + "\n"


def latex_paragraph(text: str, escape: Callable[[str], str]) -> str:
    """The paragraph with ``\\cite`` for each bracket of keys."""
    words = BRACKET.split(text)
    told = [escape(words[0])]
    for keys, following in zip(words[1::2], words[2::2], strict=True):
        told.append(f"~\\cite{{{','.join(used_keys(keys))}}}{escape(following)}")
    return "".join(told) + "\n"
