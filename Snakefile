from pathlib import Path

from prunestudy.params_file import read_study
from prunestudy.plan import Plan

PARAMS = config.get("params", "params.yaml")
plan = Plan(read_study(Path(PARAMS)))


wildcard_constraints:
    dataset="[a-z0-9_]+",
    task="|".join(plan.study.tasks),
    seed="[0-9]+",
    method="|".join(plan.study.methods),
    key="[0-9a-f]{12}",


def planned(step, role=None, **fixed):
    """Input paths of a step's cell: of one role, or of all."""

    def paths(wildcards):
        cell = dict(fixed)
        cell |= {
            name: wildcards[name]
            for name in ("task", "method")
            if name in wildcards.keys()
        }
        if "seed" in wildcards.keys():
            cell["seed"] = int(wildcards.seed)
        artifact = plan.find(step, **cell)
        return (
            str(artifact.inputs[role].path)
            if role
            else [str(p) for p in artifact.input_paths()]
        )

    return paths


# Every artifact is listed, so that a run after a failure never takes a hole for a whole.
rule all:
    default_target: True
    input:
        [str(artifact.path) for artifact in plan],


include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/report.smk"
