"""Fit: what a study needs to run that this machine has not."""

from prunestudy.errors import Problem
from prunestudy.params.settings import Study
from prunestudy.plan.memory import oversized
from prunestudy.plan.plan import Plan
from prunestudy.store.accelerators import missing_gpu


def unfit(study: Study) -> list[Problem]:
    """Why a study cannot run here, as problems of its parameters file."""
    return [*_without_gpu(study), *oversized(study)]


def _without_gpu(study: Study) -> list[Problem]:
    reason = missing_gpu() if study.compute.accelerator == "gpu" else None
    if reason is None or not any(one.step.torch and not one.path.exists() for one in Plan(study)):
        return []
    advice = "write auto or cpu, or run the study where there is one"
    return [Problem("compute.accelerator", f"is gpu, but {reason}; {advice}")]
