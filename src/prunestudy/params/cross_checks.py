"""What must fit across a whole study: methods with tasks, and methods with each other."""

from collections.abc import Iterator

from prunestudy.errors import Problem, near
from prunestudy.params.settings import Study
from prunestudy.pruning.criteria.settings import criterion_info
from prunestudy.pruning.regularisers.settings import REGULARISERS
from prunestudy.pruning.settings import (
    Baseline,
    ClosedLoop,
    FixedRatios,
    Method,
    OpenLoop,
    SameRatios,
    criteria_of,
)

# Each is a job, and every job makes the plan anew: two seconds for so many.
MOST_TRAJECTORIES = 20_000
MOST_NETWORKS = 200_000


def problems_across(study: Study) -> list[Problem]:
    """Every problem that only the study as a whole shows."""
    found: list[Problem] = []
    for name, method in study.methods.items():
        found += _unknown_tasks(study, name, method)
        found += _references(study, name, method)
        found += _batch_norm(study, name, method)
    return [*found, *_questions(study), *_too_many(study), *_folds(study)]


def _folds(study: Study) -> Iterator[Problem]:
    """Seeds that whole repeats of a task's folds cannot be dealt to."""
    for name, task in study.tasks.items():
        folds, repeats = task.data.split.folds, task.data.split.repeats or 1
        if folds is None:
            continue
        place, count = f"tasks.{name}.data.split", len(study.seeds)
        whole = count // folds
        if count % folds:
            near_by = [str(one * folds) for one in (whole, whole + 1) if 1 <= one <= repeats]
            reason = (
                f"{folds} folds have a seed each, and {count} seeds are no whole number of repeats"
            )
            yield Problem(place, f"{reason}; give {' or '.join(near_by or [str(repeats * folds)])}")
        elif whole > repeats:
            reason = f"{folds} folds × {repeats} have a seed each, and the study has {count} seeds"
            yield Problem(place, f"{reason}; write repeats: {whole}, or give {folds * repeats}")


def _too_many(study: Study) -> Iterator[Problem]:
    """Each part of a study has a bound of its own; so has their product."""
    # Unknown tasks are a problem of their own.
    cells = [task for method in study.methods.values() for task in method.tasks or study.tasks]
    trajectories = len(cells) * len(study.seeds)
    points = sum(len(study.compressions_of(task)) for task in cells if task in study.tasks)
    networks = points * len(study.seeds)
    if trajectories > MOST_TRAJECTORIES:
        reason = (
            f"{trajectories:,} trajectories (methods on their tasks × seeds) are too many for one "
            f"graph of jobs, at most {MOST_TRAJECTORIES:,}; divide the study"
        )
        yield Problem("seeds", reason)
    elif networks > MOST_NETWORKS:
        reason = (
            f"{networks:,} networks (trajectories × compressions) are too many files and rows for "
            f"one study, at most {MOST_NETWORKS:,}; divide the study"
        )
        yield Problem("compressions", reason)


def _questions(study: Study) -> Iterator[Problem]:
    for place, question in enumerate(study.report.compare):
        # A single question may be written without a list.
        path = "report.compare" if len(study.report.compare) == 1 else f"report.compare.{place}"
        pair = {"method": question.method, "against": question.against}
        unknown = {key: name for key, name in pair.items() if name not in study.methods}
        for key, name in unknown.items():
            reason = f"'{name}' is not a method of the study"
            known = ", ".join(study.methods)
            yield Problem(f"{path}.{key}", reason, known, near(name, study.methods))
        if not unknown:
            first, second = (
                {*(study.methods[name].tasks or study.tasks)} for name in question.pair
            )
            if not first & second:
                reason = f"'{question.method}' and '{question.against}' have no task in common"
                yield Problem(path, reason)


def _unknown_tasks(study: Study, name: str, method: Method) -> Iterator[Problem]:
    for task in method.tasks or []:
        if task not in study.tasks:
            reason = f"'{task}' is not a task of the study"
            yield Problem(
                f"methods.{name}.tasks", reason, ", ".join(study.tasks), near(task, study.tasks)
            )


def _references(study: Study, name: str, method: Method) -> Iterator[Problem]:
    for key, reference in method.named.items():
        place = f"methods.{name}.{key}"
        if reference not in study.methods:
            yield Problem(
                place,
                f"'{reference}' is not a method of the study",
                ", ".join(study.methods),
                near(reference, study.methods),
            )
            continue
        other = study.methods[reference]
        reason = (
            f"'{reference}' depends on '{name}' itself"
            if _depends(study, reference, name)
            else _misfit(study, name, key.partition(".")[0], reference)
        )
        if reason:
            yield Problem(place, reason)
        missing = set(method.tasks or study.tasks) - set(other.tasks or study.tasks)
        if missing:
            yield Problem(place, f"'{reference}' does not run on {', '.join(sorted(missing))}")


def _misfit(study: Study, name: str, key: str, reference: str) -> str:
    """Why a method cannot be what another one needs it for; nothing if it can."""
    method, other = study.methods[name], study.methods[reference]
    own = _granularity(other)
    if key == "effort_of":
        return "" if isinstance(other, ClosedLoop) else f"'{reference}' is no closed loop"
    if key in ("method", "among"):
        if not isinstance(other, OpenLoop):
            return f"'{reference}' has no fixed ratios of its own; name methods with an allocation"
        first = study.methods.get(next(iter(method.named.values())))
        if key != "among" or not isinstance(first, OpenLoop):
            return ""
        if first.granularity != own:
            return f"'{reference}' is {own}, the first of them {first.granularity}"
        if (first.bisect is None) != (other.bisect is None):
            verbs = ("bisects", "does not") if other.bisect else ("does not bisect", "does")
            reason = f"'{reference}' {verbs[0]}, the first of them {verbs[1]}"
            return f"{reason}; its own size is a choice among all: give bisect to each, or to none"
        return ""
    if isinstance(other, Baseline):
        return f"'{reference}' is a baseline and has no layer ratios of its own"
    if key == "shapes_of" and own != "structured":
        return f"'{reference}' prunes single weights; its shapes are the dense ones"
    if isinstance(method, SameRatios) and own != method.granularity:
        reason = f"'{reference}' is {own}, '{name}' is {method.granularity}"
        return f"{reason}; layer ratios need the same granularity"
    return ""


def _granularity(method: Method) -> str:
    return method.granularity if isinstance(method, FixedRatios) else "structured"


def _depends(study: Study, name: str, on: str) -> bool:
    """Whether a method is another one, or looks at it, however far away."""
    waiting, seen = [name], set()
    while waiting:
        current = waiting.pop()
        if current == on:
            return True
        if current not in seen and current in study.methods:
            seen.add(current)
            waiting += study.methods[current].named.values()
    return False


def _batch_norm(study: Study, name: str, method: Method) -> Iterator[Problem]:
    needs = [
        ("criterion", criterion)
        for criterion in criteria_of(method)
        if criterion_info(criterion).needs == "batch_norm"
    ]
    regulariser = method.regulariser if isinstance(method, FixedRatios) else None
    if regulariser is not None and REGULARISERS[regulariser.kind].needs == "batch_norm":
        needs.append(("regulariser", regulariser.kind))
    for task in method.tasks or study.tasks:
        known = study.tasks.get(task)
        if known is not None and not known.network.batch_norm:
            for key, part in needs:
                yield Problem(
                    f"methods.{name}.{key}",
                    f"{part} needs BatchNorm, which the network of task '{task}' "
                    f"({known.network.name}) does not have; name other tasks in "
                    f"methods.{name}.tasks",
                )
