"""Slices: the parameters that each step reads, and the parts that a cell names."""

from typing import Any

from prunestudy.networks.architectures.settings import Architecture
from prunestudy.params.documented import documented
from prunestudy.params.labels import method_labels, network_label
from prunestudy.params.settings import Study
from prunestudy.plan.cell import Cell
from prunestudy.plan.fingerprint import user_digests
from prunestudy.pruning.settings import ClosedLoop, criteria_of, parts_of, sources_of
from prunestudy.settings.base import plain
from prunestudy.settings.parts import part_module
from prunestudy.store.files import text_digest
from prunestudy.training.metrics.settings import METRICS

# What a study says of its cells.


def methods_on(study: Study, task: str) -> list[str]:
    """Methods that run on a task, in the study's order."""
    return [
        name
        for name, method in study.methods.items()
        if method.tasks is None or task in method.tasks
    ]


def granule(study: Study, task: str, method: str) -> int | None:
    """Widths of the layer latencies that a method's trajectory on a task is priced by, if any."""
    chosen = study.methods[method]
    if not isinstance(chosen, ClosedLoop):
        return None
    limited = study.tasks[task].requirements.latency_ms is not None
    return chosen.round_to if limited or chosen.controller.resource == "latency" else None


# Parts.


def _architecture(network: Architecture) -> str:
    return part_module("prunestudy.networks.architectures", network.model_dump()["name"])


def _objective(study: Study, task: str) -> list[str]:
    chosen = study.tasks[task]
    return [
        part_module("prunestudy.training.losses", chosen.loss),
        part_module("prunestudy.training.metrics", chosen.metric),
    ]


def architecture_part(study: Study, cell: Cell) -> list[str]:
    """The architecture of a cell's task."""
    return [_architecture(study.tasks[str(cell.task)].network)]


def fetch_parts(_study: Study, cell: Cell) -> list[str]:
    """The data set."""
    return [part_module("prunestudy.data.sets", str(cell.dataset))]


def prepare_parts(study: Study, cell: Cell) -> list[str]:
    """The data set of a task."""
    return fetch_parts(study, Cell(dataset=study.tasks[str(cell.task)].data.name))


def train_parts(study: Study, cell: Cell) -> list[str]:
    """Architecture, loss and metric."""
    return [*architecture_part(study, cell), *_objective(study, str(cell.task))]


def prune_parts(study: Study, cell: Cell) -> list[str]:
    """Those of the training, and what the method is composed of."""
    return [*train_parts(study, cell), *parts_of(study.methods[str(cell.method)])]


def report_parts(study: Study, _cell: Cell) -> list[str]:
    """Every data set, loss and metric that the report tells of."""
    found = [part for task in study.tasks for part in _objective(study, task)]
    found += [part for task in study.tasks for part in prepare_parts(study, Cell(task=task))]
    return list(dict.fromkeys(found))


# Parameters.


def nothing(_study: Study, _cell: Cell) -> dict[str, Any]:
    """No parameters: the inputs decide."""
    return {}


def fetch(_study: Study, cell: Cell) -> dict[str, Any]:
    """The name of the data set."""
    return {"name": cell.dataset}


def prepare(study: Study, cell: Cell) -> dict[str, Any]:
    """The task's data."""
    return plain(study.tasks[str(cell.task)].data)


def _learning(study: Study, cell: Cell) -> dict[str, Any]:
    task = study.tasks[str(cell.task)]
    return {
        "seed": cell.seed,
        "loss": task.loss,
        "metric": task.metric,
        "compute": plain(study.compute),
    }


def train(study: Study, cell: Cell) -> dict[str, Any]:
    """Seed, objective, network and training."""
    task = study.tasks[str(cell.task)]
    own = {"network": plain(task.network), "training": plain(task.training)}
    return {**_learning(study, cell), **own}


def layer_latency(study: Study, cell: Cell) -> dict[str, Any]:
    """The network and how it is timed."""
    network = plain(study.tasks[str(cell.task)].network)
    return {"granule": cell.granule, "network": network, "latency": plain(study.latency)}


def prune(study: Study, cell: Cell) -> dict[str, Any]:
    """The method, its points and retraining; requirements where they are read."""
    task, method = study.tasks[str(cell.task)], study.methods[str(cell.method)]
    composition = {name: value for name, value in plain(method).items() if name != "tasks"}
    found = {
        **_learning(study, cell),
        "retraining": plain(task.retraining),
        "method": composition,
        "points": study.points,
    }
    if isinstance(method, ClosedLoop):
        found["requirements"] = plain(task.requirements)
    digests = user_digests(criteria_of(method))
    return {**found, "user_code": digests} if digests else found


def evaluate(study: Study, cell: Cell) -> dict[str, Any]:
    """Loss and metric."""
    task = study.tasks[str(cell.task)]
    return {"loss": task.loss, "metric": task.metric}


def latency(study: Study, _cell: Cell) -> dict[str, Any]:
    """How networks are timed."""
    return plain(study.latency)


def collect(study: Study, _cell: Cell) -> dict[str, Any]:
    """What tables call networks and methods."""
    return {
        "networks": {name: network_label(task.network) for name, task in study.tasks.items()},
        "methods": {name: method_labels(method) for name, method in study.methods.items()},
    }


def report(study: Study, _cell: Cell) -> dict[str, Any]:
    """The whole study, as the report prints it: with comments of keys, labels and sources."""
    comments = {line.partition("  # ")[2] for line in documented(study).splitlines()}
    labels = {task.metric: METRICS[task.metric].label for task in study.tasks.values()}
    sources = {name: sources_of(method) for name, method in study.methods.items()}
    shown = {"comments": text_digest("\n".join(sorted(comments))), "metrics": labels}
    return {**plain(study), **shown, "sources": sources}
