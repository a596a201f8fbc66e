"""For a paper: a paragraph on the methods and the references of what the study used."""

from collections.abc import Callable
from importlib.resources import files

from prunestudy.params import Method
from prunestudy.plan import package_versions
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
    "snakemake": ("Snakemake", "molder2021sustainable"),
}
ALWAYS = ("blalock2020what", "wang2023why", "wilcoxon1945individual", "holm1979simple")


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
    points = wording.listed([f"{point}×" for point in inputs.points])
    drops = sorted({task.requirements.max_drop for task in study.tasks.values()})
    allowed = wording.listed([f"{drop:g}" for drop in drops])
    versions = package_versions(tuple(TOOLS))
    tools = [f"{name} {versions[key]}{_cite([cite])}" for key, (name, cite) in TOOLS.items()]
    return " ".join(
        [
            f"We compare {wording.plural(len(inputs.methods), 'method')} on "
            f"{wording.plural(len(study.tasks), 'task')}: {wording.listed(data)}.",
            f"For each of {wording.plural(len(study.seeds), 'seed')} one dense network is trained, "
            f"and every method prunes it to compressions of {points} (parameters dense ÷ pruned).",
            *_sentences(inputs),
            "Every pruned network has the same retraining epochs and learning-rate schedule; "
            "all decisions use validation data, and test data is read once for each network.",
            f"The headline compares each method's smallest network within an allowed validation "
            f"drop of {allowed}.",
            f"Intervals are {wording.percent(inputs.level)} t intervals over seeds; methods are "
            "compared seed by seed with the exact Wilcoxon signed-rank test"
            f"{_cite(['wilcoxon1945individual'])} and Holm's correction"
            f"{_cite(['holm1979simple'])}, and reported by the checklists of"
            f"{_cite(['blalock2020what', 'wang2023why'])}.",
            f"Software: {wording.listed(tools)}; results are from CPUs.",
        ]
    )


def _sentences(inputs: Inputs) -> list[str]:
    """One sentence a method that chooses by itself."""
    return [
        f"The method {name} {_described(inputs.study.methods[name])}." for name in inputs.compared
    ]


def _described(method: Method) -> str:
    if method.controller is not None:
        criteria = method.controller.criteria
        return (
            "is a closed loop that proposes, retrains, evaluates and accepts or rolls back each "
            f"stage by validation quality{_cite(['yang2018netadapt'])}, with proposals by "
            f"{wording.listed(criteria)}{_cite(_references(criteria))} chosen by their record"
            f"{_cite(['auer2002finite'])}"
        )
    stages = f" over {method.stages} stages" if method.stages else ""
    criterion = str(method.criterion)
    return (
        f"removes {'units' if method.granularity == 'structured' else 'weights'} by {criterion}"
        f"{_cite(_references([criterion]))}, {method.allocation} over layers, "
        f"{method.schedule.replace('_', '-')}{stages}"
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
