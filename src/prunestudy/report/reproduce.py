"""How to compute the study again: commands, versions, jobs and parameters."""

from prunestudy.analysis.inputs import Inputs
from prunestudy.params.documented import documented
from prunestudy.params.settings import Study
from prunestudy.plan.keys import package_versions
from prunestudy.report import tables, words
from prunestudy.report.blocks import Block, Code, Fold, Text
from prunestudy.report.contents import Contents
from prunestudy.report.formatting import listed, plural

PACKAGES = (
    *("prunestudy", "torch", "pytorch-lightning", "torch-pruning", "onnxruntime", "numpy"),
    *("pandas", "scipy", "scikit-learn", "altair", "vl-convert-python"),
)


def reproduce(contents: Contents) -> list[Block]:
    """Commands, versions, machines, jobs and parameters."""
    inputs = contents.inputs
    name = inputs.study.name
    study, params = (f" STUDY={name}", f" --params studies/{name}.yaml")
    if name == "default":
        study = params = ""
    origin = {
        "run key of the report": inputs.run_key,
        "run key of the tables": inputs.tables_key,
        "packages": ", ".join(f"{one} {has}" for one, has in package_versions(PACKAGES).items()),
        "commits of the library": listed(
            sorted({str(one) for one in inputs.timings["git_commit"].dropna()})
        ),
    }
    return [
        Text(words.text("whole_study")),
        Code(f"make study{study}"),
        Text(words.text("verify")),
        Code(f"prunestudy verify{params}\n{contents.provenance['recompute'].iloc[-1]}"),
        Text(words.text("platform")),
        words.table(
            "origin",
            [{"name": one, "value": value or "unknown"} for one, value in origin.items()],
        ),
        tables.machines(inputs),
        Code(graph(inputs), language="mermaid"),
        tables.steps(inputs),
        Fold("Parameters of this study", (_parameters(inputs.study),), name="parameters"),
    ]


def graph(inputs: Inputs) -> str:
    """The study's steps and what each waits for, as a mermaid flowchart.

    Edges that follow from others are left out; a dotted one leads from a step to itself.
    """
    steps = list(inputs.steps)
    reached = {(first, second) for first, second in inputs.waits if first != second}
    for middle in steps:
        before = [first for first, second in reached if second == middle]
        after = [second for first, second in reached if first == middle]
        reached |= {(first, second) for first in before for second in after}
    implied = {(a, d) for a, b in reached for c, d in reached if b == c}
    lines = [f'{step}["{step}: {plural(number, "job")}"]' for step, number in inputs.steps.items()]
    for first, second in sorted(inputs.waits - implied, key=lambda edge: [*map(steps.index, edge)]):
        lines.append(f"{first} {'-.->' if first == second else '-->'} {second}")
    return "\n  ".join(["flowchart LR", *lines])


def _parameters(study: Study) -> Code:
    """The parameters file; the lines at which tasks and methods begin have names."""
    text = documented(study)
    names, inside = [], ""
    for line in text.splitlines():
        key = line.partition(":")[0]
        inside = key if key == key.strip() else inside
        named = inside in ("tasks", "methods") and key.startswith("  ") and key[2:3] != " "
        names.append(f"params-{inside}-{key.strip()}" if named else "")
    return Code(text, anchors=tuple(names))
