"""Slices: the parameters that each step reads of a cell."""

from typing import Any

from prunestudy.data.dataset import content_of, dataset_of
from prunestudy.params.documented import documented
from prunestudy.params.labels import method_labels, network_label
from prunestudy.params.settings import Study, Task
from prunestudy.plan.cell import Cell
from prunestudy.plan.fingerprint import user_digests
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.settings import ClosedLoop, OpenLoop, criteria_of, sources_of
from prunestudy.settings.base import Params, plain
from prunestudy.store.accelerators import CPU, cuda_version, device_kind
from prunestudy.store.files import text_digest
from prunestudy.training.metrics.settings import metric_info, metric_name

# What a study says of its cells.


def methods_on(study: Study, task: str) -> list[str]:
    """Methods that run on a task, in the study's order."""
    return [
        name
        for name, method in study.methods.items()
        if method.tasks is None or task in method.tasks
    ]


def granule(study: Study, task: str, method: str) -> int | None:
    """Widths of the layer latencies that a method's trajectory on a task reads, if any."""
    chosen = study.methods[method]
    if not isinstance(chosen, ClosedLoop):
        return None
    limited = study.tasks[task].requirements.latency_ms is not None
    return chosen.round_to if limited or chosen.controller.resource == "latency" else None


def nothing(_study: Study, _cell: Cell) -> dict[str, Any]:
    """No parameters: the inputs decide."""
    return {}


def fetch(_study: Study, cell: Cell) -> dict[str, Any]:
    """The name of the data set."""
    return {"name": cell.dataset}


def prepare(study: Study, cell: Cell) -> dict[str, Any]:
    """The task's data; with their content where they are the user's own."""
    task = study.tasks[str(cell.task)]
    data = task.data
    found = plain(data)
    # What is expected of the content decides nothing that the content does not.
    found.pop("sha256", None)
    if data.name is None:
        found["content"] = content_of(data)
    if data.function is not None:
        found["user_code"] = user_digests([data.function])
    if data.reader in ("images", "image_paths"):
        # Of other data it decides nothing.
        found["packages"] = package_versions(("pillow",))
    if dataset_of(data).widths is not None:
        found["reads"] = task.network.reads
    return found


def prepare_fold(study: Study, cell: Cell) -> dict[str, Any]:
    """The task's data, and which fold of them; how many repeats follow is nothing to it."""
    found = prepare(study, cell)
    found["split"].pop("repeats", None)
    repeat, fold = study.fold_of(str(cell.task), int(cell.seed or 0)) or (0, 0)
    return {**found, "repeat": repeat, "fold": fold}


def device_parts(study: Study) -> dict[str, Any]:
    """What networks depend on of the device that they are trained on."""
    kind = device_kind(study.compute.accelerator)
    found = {"device": kind, "precision": study.compute.precision}
    return found if kind == CPU else {**found, "cuda": cuda_version() or "none"}


def _learning(study: Study, cell: Cell) -> dict[str, Any]:
    task = study.tasks[str(cell.task)]
    return {"seed": cell.seed, **_objective(task), "compute": device_parts(study)}


def _objective(task: Task) -> dict[str, Any]:
    """Loss and metric, with the code of the user's own."""
    found = {"loss": _as_given(task.loss), "metric": _as_given(task.metric)}
    digests = user_digests([task.loss_name, task.metric_name])
    return {**found, "objective_code": digests} if digests else found


def _as_given(chosen: str | Params) -> Any:
    return chosen if isinstance(chosen, str) else plain(chosen)


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
    """The method, the compressions and retraining; requirements where they are read."""
    task, method = study.tasks[str(cell.task)], study.methods[str(cell.method)]
    repeated = study.repeated_by(str(cell.method))
    composition = {name: value for name, value in plain(method).items() if name != "tasks"}
    found = {
        **_learning(study, cell),
        "retraining": plain(task.retraining),
        "method": composition,
        "compressions": study.compressions_of(str(cell.task)),
    }
    if repeated is not None:
        found["repeated"] = plain(repeated)
    if isinstance(method, ClosedLoop):
        found["requirements"] = plain(task.requirements)
    elif isinstance(method, OpenLoop) and method.bisect:
        # Its own size keeps to the quality alone.
        found["requirements"] = task.requirements.model_dump(include={"max_drop", "relative"})
    digests = user_digests(criteria_of(repeated or method))
    return {**found, "user_code": digests} if digests else found


def evaluate(study: Study, cell: Cell) -> dict[str, Any]:
    """Loss and metric, and further metrics."""
    task = study.tasks[str(cell.task)]
    found = {**_objective(task), **_measured_on(study)}
    if task.metrics is None:
        return found
    digests = user_digests(map(metric_name, task.metrics))
    more = {"metrics": [_as_given(one) for one in task.metrics]}
    return {**found, **more, **({"metrics_code": digests} if digests else {})}


def reference(study: Study, cell: Cell) -> dict[str, Any]:
    """The reference, loss and metric, and the fold where there is one."""
    task = study.tasks[str(cell.task)]
    found = {"reference": task.reference, **evaluate(study, cell)}
    if task.data.name is None:
        # Columns are read anew.
        found["content"] = content_of(task.data)
    # It is of the processor, wherever networks are trained.
    for name in ("compute", "metrics", "metrics_code"):
        found.pop(name, None)
    place = None if cell.seed is None else study.fold_of(str(cell.task), cell.seed)
    return found if place is None else {**found, "place": list(place)}


def _measured_on(study: Study) -> dict[str, Any]:
    """The GPU, where networks are evaluated and timed on one; both in 32 bits."""
    found = device_parts(study)
    del found["precision"]
    return {} if found["device"] == CPU else {"compute": found}


def latency(study: Study, _cell: Cell) -> dict[str, Any]:
    """How networks are timed."""
    return {**plain(study.latency), **_measured_on(study)}


def collect(study: Study, _cell: Cell) -> dict[str, Any]:
    """What tables call networks, methods and metrics."""
    return {
        "networks": {name: network_label(task.network) for name, task in study.tasks.items()},
        "methods": {
            name: method_labels(method, study.methods) for name, method in study.methods.items()
        },
        "metrics": {name: _chance_by(task) for name, task in study.tasks.items()},
    }


def _chance_by(task: Task) -> str | dict[str, Any]:
    """What the chance level of a task's metric is computed by."""
    if task.metric_info.scikit_learn:
        return task.metric_info.scikit_learn
    given = _as_given(task.metric)
    return given if isinstance(given, dict) else {"name": given}


def report(study: Study, _cell: Cell) -> dict[str, Any]:
    """The whole study, as the report prints it: with comments of keys, labels and sources."""
    comments = {line.partition("  # ")[2] for line in documented(study).splitlines()}
    tasks = study.tasks.values()
    every = [one for task in tasks for one in (task.metric, *(task.metrics or ()))]
    labels = {metric_name(one): metric_info(one).label for one in every}
    # Defaults of metrics that the report's own margins do not name.
    named = [task.metric_name for task in tasks if task.metric_name not in study.report.margins]
    margins = {name: study.report.margin(name) for name in named}
    sources = {name: sources_of(method) for name, method in study.methods.items()}
    shown = {"comments": text_digest("\n".join(sorted(comments))), "metrics": labels}
    shown |= {"metric_margins": margins} if margins else {}
    return {**plain(study), **shown, "sources": sources}
