"""What must fit across a whole study: methods with tasks, and methods with each other."""

from collections.abc import Iterator

from prunestudy.errors import Problem, near
from prunestudy.params.settings import Study
from prunestudy.pruning.criteria.settings import criterion_info
from prunestudy.pruning.regularisers.settings import REGULARISERS
from prunestudy.pruning.settings import Baseline, FixedRatios, Method, SameRatios, criteria_of

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
    cells = sum(len(method.tasks or study.tasks) for method in study.methods.values())
    trajectories = cells * len(study.seeds)
    networks = trajectories * len(study.compressions)
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
    reference = method.reference
    if reference is None:
        return
    key = "shapes_of" if isinstance(method, Baseline) else "layer_ratios_from"
    place = f"methods.{name}.{key}"
    if reference not in study.methods:
        yield Problem(
            place,
            f"'{reference}' is not a method of the study",
            ", ".join(study.methods),
            near(reference, study.methods),
        )
        return
    other = study.methods[reference]
    if _leads_back(study, name):
        yield Problem(place, f"'{reference}' depends on '{name}' itself")
    elif isinstance(other, Baseline):
        yield Problem(place, f"'{reference}' is a baseline and has no layer ratios of its own")
    elif isinstance(method, Baseline) and _granularity(other) != "structured":
        yield Problem(place, f"'{reference}' prunes single weights; its shapes are the dense ones")
    elif isinstance(method, SameRatios) and _granularity(other) != method.granularity:
        reason = f"'{reference}' is {_granularity(other)}, '{name}' is {method.granularity}"
        yield Problem(place, f"{reason}; layer ratios need the same granularity")
    mine = set(method.tasks or study.tasks)
    missing = mine - set(other.tasks or study.tasks)
    if missing:
        yield Problem(place, f"'{reference}' does not run on {', '.join(sorted(missing))}")


def _granularity(method: Method) -> str:
    return method.granularity if isinstance(method, FixedRatios) else "structured"


def _leads_back(study: Study, name: str) -> bool:
    seen = set()
    current: str | None = name
    while current is not None and current in study.methods:
        if current in seen:
            return True
        seen.add(current)
        current = study.methods[current].reference
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
