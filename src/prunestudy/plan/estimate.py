"""What a study asks of this machine, in words: parameters, memory, time, and what is too much."""

from prunestudy.params.settings import Study
from prunestudy.plan.duration import seconds_of, told
from prunestudy.plan.memory import allowed_gb, largest_job, params_of
from prunestudy.store.accelerators import CPU, device_kind
from prunestudy.store.memory import cores

DAY = 86_400


def estimate(study: Study) -> tuple[list[str], list[str]]:
    """Lines for people, and warnings; nothing of what networks and data sets do not tell."""
    sizes = {name: params_of(task) for name, task in study.tasks.items()}
    named = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size)
    lines = [f"  parameters    {named} (dense)"] if named else []
    warnings: list[str] = []
    if device_kind(study.compute.accelerator) != CPU or not all(sizes.values()):
        return lines, warnings
    job, needed = largest_job(study)
    allowed = allowed_gb(study)
    limit = f", of {allowed:,.1f} GB that a job may have" if allowed else ""
    lines.append(f"  memory        about {needed:,.1f} GB for the largest job ({job}){limit}")
    if allowed is not None and needed > allowed:
        remedy = (
            "raise compute.memory_gb"
            if study.compute.memory_gb
            else "run fewer jobs at once (prunestudy run --cores 1), or set compute.memory_gb"
        )
        warnings.append(
            f"{job} may need more memory than the {allowed:,.1f} GB that it may have; a cell that "
            f"does has failed; {remedy}"
        )
    seconds = seconds_of(study)
    if seconds is not None:
        here = f"{cores()} core{'s' if cores() > 1 else ''}"
        lines.append(f"  time          about {told(seconds)} on {here}, right within a factor of 3")
        if seconds > DAY:
            warnings.append(
                f"the study takes about {told(seconds)} on {here}; use fewer seeds, "
                "compressions or epochs, or more cores"
            )
    return lines, warnings
