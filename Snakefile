import shlex
import sys
from pathlib import Path

# Snakemake adds this folder; no file of it may stand in for a package.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path.cwd()]

from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.run import tool
from prunestudy.store.accelerators import CPU, device_kind
from prunestudy.store.memory import share_among

PARAMS = config.get("params", "params.yaml")
plan = Plan(read_study(Path(PARAMS)))


wildcard_constraints:
    dataset="[a-z0-9_]+",
    task="|".join(plan.study.tasks),
    seed="[0-9]+",
    method="|".join(plan.study.methods),
    granule="[0-9]+",
    key="[0-9a-f]{12}",


include: "workflow/rules/common.smk"


onstart:
    tool.jobs_begin()


# Every artifact is listed, so that a run after a failure never takes what is missing for done.
rule all:
    default_target: True
    input:
        [str(artifact.path) for artifact in plan],


include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/references.smk"
include: "workflow/rules/report.smk"
