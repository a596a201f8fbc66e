"""Where the numbers come from, and how to compute them again: jobs, machines, versions."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.params import Study
from prunestudy.params.defaults import documented
from prunestudy.plan.plan import package_versions
from prunestudy.report.blocks import Block, Code, Fold, Table, Text
from prunestudy.report.columns import Column, Layout, written
from prunestudy.report.contents import Contents
from prunestudy.report.formatting import count, listed, plural, significant
from prunestudy.report.provenance import params_anchor, sources_table

PACKAGES = (
    *("prunestudy", "torch", "pytorch-lightning", "torch-pruning", "onnxruntime", "numpy"),
    *("pandas", "scipy", "scikit-learn", "altair", "vl-convert-python"),
)
PROVENANCE = (
    "A sentence links the tables that its numbers are from, and a method's name in a table links "
    "the networks behind its row: for each seed the artifact, its run key, the commit that made "
    "it, and each network's sha256; from there the method's name links its parameters. The run "
    "key is also in the artifact's name, in the sidecar beside it, and in MLflow as the tag "
    "run_key, by which its search finds the run. “prunestudy trace TASK/seedN/METHOD” shows all "
    "that is known of a trajectory, with the address of its run in MLflow. tables/provenance.csv "
    "has it in full, with the tables of test quality and of latency that a network's numbers were "
    "read from, the query that finds its run in MLflow, and the commands that trace and recompute "
    "each cell."
)
VERIFY = (
    "Is everything on disk what its jobs wrote? And would a cell come out the same? The second "
    "command computes one again and compares it byte for byte."
)
MACHINES = Layout(
    "timings.csv",
    "Machines that ran the jobs. Training and latency are on the CPU.",
    (
        "processor",
        Column("cores", "cores", count),
        Column("memory, GiB", "memory_gb", significant),
        *("platform", "kernel", "jobs"),
    ),
    name="machines",
)
STEPS = Layout(
    "timings.csv",
    "Duration of every rule's jobs before this report: wall-clock seconds by Snakemake's "
    "benchmarks, one job after the other; seconds on the processor and most memory by the jobs "
    "themselves.{lacking}",
    (
        *("step", "jobs"),
        *written(significant, {"seconds in all": "sum", "median": "median", "longest": "max"}),
        Column("CPU seconds", "cpu", significant),
        Column("memory, MB", "memory", count),
    ),
    name="steps",
)


def provenance(contents: Contents) -> list[Block]:
    """What the numbers of each task were made from."""
    return [
        Text(PROVENANCE),
        *(
            Fold(
                f"Networks behind the numbers on {task}",
                (sources_table(contents.inputs, contents.provenance, task),),
            )
            for task in contents.inputs.tasks
        ),
    ]


def reproduce(contents: Contents) -> list[Block]:
    """Commands, versions, machines and parameters."""
    inputs = contents.inputs
    name = inputs.study.name
    study, params = ("", "") if name == "default" else (f" STUDY={name}", f"studies/{name}.yaml")
    verify = f"prunestudy verify --params {params}" if params else "prunestudy verify"
    commits = sorted({str(one) for one in inputs.timings["git_commit"].dropna()})
    versions = [f"{name} {version}" for name, version in package_versions(PACKAGES).items()]
    origin = (
        ("run key of the report", inputs.run_key),
        ("run key of the tables", inputs.tables_key),
        ("packages", ", ".join(versions)),
        ("commits of the library", listed(commits) or "unknown"),
    )
    return [
        Text("The whole study, in a checkout of the project:"),
        Code(f"make study{study}"),
        Text(VERIFY),
        Code(f"{verify}\n{contents.provenance['recompute'].iloc[-1]}"),
        Text("Networks and tables come out the same on one platform, measured times aside."),
        Table("Provenance of this page.", ("", "value"), origin),
        machines_table(inputs),
        Code(graph(inputs), language="mermaid"),
        steps_table(inputs),
        Fold("Parameters of this study", (_parameters(inputs.study),), name="parameters"),
    ]


def machines_table(inputs: Inputs) -> Table:
    """The machines whose jobs the study is made of."""
    names = ["processor", "cores", "memory_gb", "platform", "kernel"]
    return MACHINES.table(
        inputs.timings.groupby(names, dropna=False).size().rename("jobs").reset_index()
    )


def steps_table(inputs: Inputs) -> Table:
    """How many jobs each step took, how long, and how much memory."""
    lacking = inputs.timings["benchmark_seconds"].isna()
    jobs = inputs.timings.assign(
        wall=inputs.timings["benchmark_seconds"].fillna(inputs.timings["seconds"])
    ).groupby("step", sort=False)
    rows: pd.DataFrame = jobs["wall"].agg(["sum", "median", "max"]).reset_index()
    rows = rows.assign(
        jobs=jobs.size().tolist(),
        cpu=jobs["cpu_seconds"].sum().tolist(),
        memory=jobs["peak_memory_mb"].max().tolist(),
    )
    words = (
        f" {plural(int(lacking.sum()), 'job')} of {len(lacking)} have no benchmark here; for them "
        "it is the seconds that the job itself noted."
    )
    return STEPS.table(rows, lacking=words if lacking.any() else "")


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
        names.append(params_anchor(inside, key.strip()) if named else "")
    return Code(text, anchors=tuple(names))
