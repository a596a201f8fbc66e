"""Dotted paths to the user's code: whether file and function are there and fit. Read, not run."""

from pathlib import Path

from prunestudy.errors import Problem
from prunestudy.params.settings import Study
from prunestudy.pruning.settings import ClosedLoop, criteria_of
from prunestudy.settings.parts import is_dotted
from prunestudy.settings.source import ARGUMENTS, refusal
from prunestudy.settings.user_code import forget, user_code
from prunestudy.training.metrics.settings import metric_name

CALLED_ON_ROWS = "outputs and targets"
SCORES = "a unit group (unstructured: the name of a weight), and the inputs"


def problems_of_user_code(study: Study) -> list[Problem]:
    """What of the user's is not there or cannot be called so, or imports what is ambiguous."""
    forget()
    problems = []
    for name, task in study.tasks.items():
        if task.data.function is not None:
            reasons = _problems_of(task.data.function, 0)
            problems += [Problem(f"tasks.{name}.data.function", reason) for reason in reasons]
    for name, method in study.methods.items():
        place = "controller.criteria" if isinstance(method, ClosedLoop) else "criterion"
        for criterion in criteria_of(method):
            reasons = _problems_of(criterion, called=SCORES) if is_dotted(criterion) else []
            problems += [Problem(f"methods.{name}.{place}", reason) for reason in reasons]
    for name, task in study.tasks.items():
        further = enumerate(map(metric_name, task.metrics or ()))
        named = {"loss": task.loss_name, "metric": task.metric_name}
        named |= {f"metrics.{place}": metric for place, metric in further}
        for key, dotted in named.items():
            reasons = _problems_of(dotted, called=CALLED_ON_ROWS) if is_dotted(dotted) else []
            problems += [Problem(f"tasks.{name}.{key}", reason) for reason in reasons]
    return problems


def _problems_of(dotted: str, arguments: int = ARGUMENTS, called: str = "") -> list[str]:
    module, _, function = dotted.rpartition(".")
    code = user_code(module, Path.cwd())
    if code.problems:
        return list(dict.fromkeys(code.problems))
    if module not in code.modules:
        path = Path(*module.split(".")).with_suffix(".py")
        return [f"'{dotted}' needs the file {path} in the project's folder"]
    found = code.modules[module]
    place = found.path.relative_to(code.root)
    if function not in found.functions:
        known = ", ".join(found.functions) or "none"
        return [f"{place} has no function '{function}'; its functions: {known}"]
    reason = refusal(found.functions[function], arguments)
    return [f"'{function}' in {place} {reason}{called and f': {called}'}"] if reason else []
