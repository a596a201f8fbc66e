"""For a paper: a paragraph on the methods and the references of what the study used."""

import re
from collections.abc import Callable
from importlib.resources import files

from prunestudy.analysis.fairness import equally_retrained
from prunestudy.analysis.inputs import Inputs, stands_alone
from prunestudy.networks.architectures.settings import Network
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.settings import (
    Baseline,
    ClosedLoop,
    Method,
    OpenLoop,
    SameRatios,
    criteria_of,
    sources_of,
)
from prunestudy.report import words
from prunestudy.report.clauses import allowed_drop, margins, ranges, scope, smallest
from prunestudy.report.formatting import count, listed, percent, plural
from prunestudy.store.names import DENSE
from prunestudy.training.settings import Training

WORDS = words.WORDS["paper"]
CITED = re.compile(r"@(\w+)")
BRACKET = re.compile(r" (\[@[^\]]*\])")
RESOURCES = {**words.WORDS["controller"]["resources"], "latency": "measured layer times"}
OPTIMISERS = {"adam": "Adam", "sgd": "SGD with momentum 0.9"}
CHECKLISTS = ("blalock2020", "wang2023", "feng2024")
ALWAYS = (*CHECKLISTS, "wilcoxon1945", "holm1979")


def methods_paragraph(inputs: Inputs) -> str:
    """What was done, in sentences that the parameters and tables fill, with citations."""
    study = inputs.study
    versions = package_versions(tuple(WORDS["tools"]))
    tools = [f"{name} {versions[key]}{_cite(cite)}" for key, (name, cite) in WORDS["tools"].items()]
    described = [
        f"The method {name}{alone} {_described(method)}."
        for name, method in study.methods.items()
        if stands_alone(method)
        for alone in [f" (on {listed(method.tasks)} alone)" if method.tasks else ""]
    ]
    baselines = [text for name, one in study.methods.items() if (text := _baseline(name, one))]
    several = len(study.seeds) > 1
    compared = "several_seeds" if several else "one_seed"
    return words.text(
        "paper.paragraph",
        methods=plural(len(inputs.methods), "method"),
        tasks=plural(len(inputs.tasks), "task"),
        data=listed(_data(inputs)),
        seeds=f"each of {len(study.seeds)} seeds" if several else "one seed",
        training="; ".join(_trained(inputs, task) for task in inputs.tasks),
        points=listed([f"{point}×" for point in inputs.points]),
        as_far=", as far as a network is large enough for them" if len(inputs.unreachable) else "",
        described=" ".join(described),
        baselines=f"Baselines are {'; '.join(baselines)}. " if baselines else "",
        same="the same" if equally_retrained(inputs) else "not the same",
        drops=listed([allowed_drop(inputs, task) for task in inputs.tasks]),
        repeats=study.latency.repeats,
        ranges=ranges(inputs),
        compared=words.text(
            f"paper.{compared}",
            level=percent(inputs.level),
            margins=margins(inputs),
            lower=words.notes(inputs)["aside"],
            scope=scope(inputs),
            smallest=smallest(inputs),
        ),
        checklists=_cite(*CHECKLISTS),
        tools=listed(tools),
        processors=listed(inputs.trained_on) or "CPUs",
    )


def _data(inputs: Inputs) -> list[str]:
    """The data set of each task with its rows."""
    told = []
    for row in inputs.datasets.to_dict("records"):
        data = inputs.study.tasks[row["task"]].data
        name, folds = data.called, data.split.folds
        title, key = WORDS["data"].get(name, (name, ""))
        rows = "/".join(count(row[f"{part}_rows"]) for part in ("train", "validation", "test"))
        parts = f"{rows} rows for training, validation and test"
        if folds:
            parts += f", in {folds} folds, repeated {data.split.repeats or 1}×"
        told.append(f"{row['task']} ({title}{_cite(key)}; {parts})")
    return told


def _trained(inputs: Inputs, task: str) -> str:
    """How the dense network of a task is trained, and its prunings again."""
    settings = inputs.study.tasks[task]
    first, again = settings.training, settings.retraining
    optimiser = f"{OPTIMISERS[first.optimizer]} for {first.epochs} epochs"
    batches = f"batches of {first.batch_size}, {_rate(first)}"
    network = network_words(settings.network, inputs.cells(task, DENSE)["network"].iloc[0])
    return (
        f"{network} on {task} with {optimiser} ({batches}), then for {again.epochs} "
        f"({_rate(again)})"
    )


def _rate(training: Training) -> str:
    return f"learning rate {training.lr:g}, {training.lr_schedule.replace('_', '-')}"


def network_words(network: Network, name: str) -> str:
    """An architecture in words; its name where there are none."""
    widths = network.widths
    settings = {
        key: listed([*map(str, value)]) if isinstance(value, list) else value
        for key, value in network.model_dump().items()
    }
    told: str = WORDS["networks"].get(network.name, name)
    told_widths = listed([*map(str, widths)])
    layers = plural(len(widths), "hidden layer")
    return told.format(**settings, layers=layers, widths=told_widths)


def _baseline(name: str, method: Method) -> str:
    """What a method that stands for comparison alone is; nothing for others."""
    if isinstance(method, Baseline):
        named = {key: getattr(method, key) for key in ("method", "effort_of")}
        said = {"of": method.shapes_of, "among": listed(method.among or []), **named}
        told = words.text(f"paper.baselines.{method.baseline}", **said)
        return f"{name}, {told}{_source(method, method.baseline)}"
    if not isinstance(method, SameRatios):
        return ""
    chosen = "at random" if method.criterion == "random" else f"by {method.criterion}"
    return (
        f"{name}, {' and '.join(method.spreads)} {chosen} in the layer ratios of {method.reference}"
    )


def _described(method: Method) -> str:
    assert isinstance(method, OpenLoop | ClosedLoop), "others are described by what they stand for"
    units = isinstance(method, ClosedLoop) or method.granularity == "structured"
    by = listed([_named(method, criterion, units) for criterion in criteria_of(method)])
    if isinstance(method, ClosedLoop):
        resource = RESOURCES[method.controller.resource]
        told = words.text("paper.closed_loop", resource=resource, criteria=by)
    else:
        chosen = "at random" if method.criterion == "random" else f"by {by}"
        stages = f" over {method.stages} stages" if method.stages else ""
        told = f"removes {'units' if units else 'weights'} {chosen}, "
        told += f"{_part(method, method.allocation)} over layers, "
        told += f"{_part(method, method.schedule)}{stages}"
        if method.regulariser:
            told += f", after {_part(method, method.regulariser.kind)} regularisation"
    rounded = f", to widths in multiples of {method.round_to}" if method.round_to > 1 else ""
    plain = method.retraining == "finetune"
    return told + rounded + ("" if plain else f", retrained by {_part(method, method.retraining)}")


def _named(method: Method, criterion: str, units: bool) -> str:
    """A criterion by what it scores, for readers who do not know its name here, with its source."""
    told: str = WORDS["units" if units else "weights"].get(criterion, criterion)
    told = told.replace(" its ", " a unit's ", 1) if units else told
    return f"{told} ({criterion}){_source(method, criterion)}"


def _part(method: Method, name: str) -> str:
    return f"{name.replace('_', '-')}{_source(method, name)}"


def _source(method: Method, part: str) -> str:
    """The citation of a method's part."""
    return _cite(*citation_keys(sources_of(method).get(part, "")))


def citation_keys(source: str) -> list[str]:
    """The keys of a part's source: of ``Zhu & Gupta 2017`` it is ``zhu2017``."""
    works = source.split(", ") if source else []
    return [f"{work.split()[0].lower()}{work[-4:]}" for work in works]


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
    parts = BRACKET.split(text)
    told = [escape(parts[0])]
    for keys, following in zip(parts[1::2], parts[2::2], strict=True):
        told.append(f"~\\cite{{{','.join(used_keys(keys))}}}{escape(following)}")
    return "".join(told) + "\n"
