"""Parts: the modules that a cell loads by name, each of which its run key covers."""

from prunestudy.data.dataset import ORIGINS, dataset_of
from prunestudy.data.prepared_file import ENCODING
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.networks.architectures.settings import Architecture
from prunestudy.params.settings import Study
from prunestudy.plan.cell import Cell
from prunestudy.pruning.baselines.settings import BASELINES
from prunestudy.pruning.settings import (
    Baseline,
    ClosedLoop,
    FixedRatios,
    Method,
    OpenLoop,
    SameRatios,
    criteria_of,
)
from prunestudy.settings.parts import is_dotted, part_module
from prunestudy.store.accelerators import CUDA, device_kind
from prunestudy.training.metrics.settings import MetricSettings

ROOM = "prunestudy.pruning"
LOSSES, METRICS = "prunestudy.training.losses", "prunestudy.training.metrics"
REFERENCES_ROOM = "prunestudy.evaluation.references"


def _architecture(network: Architecture) -> str:
    return part_module("prunestudy.networks.architectures", network.model_dump()["name"])


def _objective(study: Study, task: str) -> list[str]:
    """Loss and metric, but for the user's own, which lie outside the library."""
    chosen = study.tasks[task]
    found = [] if is_dotted(chosen.loss_name) else [part_module(LOSSES, chosen.loss_name)]
    return [*found, *_metrics([chosen.metric])]


def _metrics(metrics: list[str | MetricSettings]) -> list[str]:
    return [part_module(METRICS, one) for one in metrics if isinstance(one, str)]


def architecture_part(study: Study, cell: Cell) -> list[str]:
    """The architecture of a cell's task."""
    return [_architecture(study.tasks[str(cell.task)].network)]


def fetch_parts(_study: Study, cell: Cell) -> list[str]:
    """The data set."""
    return [part_module("prunestudy.data.sets", str(cell.dataset))]


def prepare_parts(study: Study, cell: Cell) -> list[str]:
    """The data set of a task, or what reads the user's own; and the encoding of columns."""
    task = study.tasks[str(cell.task)]
    name = task.data.name
    found = (
        [part_module(ORIGINS, task.data.reader)]
        if name is None
        else fetch_parts(study, Cell(dataset=name))
    )
    if dataset_of(task.data).widths is not None:
        found.append(part_module(ENCODING, task.network.reads))
    return found


def train_parts(study: Study, cell: Cell) -> list[str]:
    """Architecture, loss and metric."""
    return [*architecture_part(study, cell), *_objective(study, str(cell.task))]


def evaluate_parts(study: Study, cell: Cell) -> list[str]:
    """Those of the training, and further metrics."""
    further = study.tasks[str(cell.task)].metrics or []
    return [*train_parts(study, cell), *_metrics(further)]


def collect_parts(study: Study, _cell: Cell) -> list[str]:
    """The metrics of tasks whose chance level is of their own making, and what makes it."""
    own = [task.metric for task in study.tasks.values() if not task.metric_info.scikit_learn]
    found = [part_module("prunestudy.evaluation", "constant_outputs")] if own else []
    return list(dict.fromkeys([*found, *_metrics(own)]))


def reference_parts(study: Study, cell: Cell) -> list[str]:
    """The reference, loss and metric; where columns are read anew the data set and encoding."""
    task = study.tasks[str(cell.task)]
    name = str(task.reference)
    found = [part_module(REFERENCES_ROOM, name), *_objective(study, str(cell.task))]
    if dataset_of(task.data).widths is None:
        return found
    found += [part for part in prepare_parts(study, cell) if not part.startswith(ENCODING)]
    return found + ([part_module(ENCODING, "numbers")] if REFERENCES[name].reads != "text" else [])


def prune_parts(study: Study, cell: Cell) -> list[str]:
    """Those of the training, and what the method is composed of."""
    name = str(cell.method)
    repeated = study.repeated_by(name)
    found = [*train_parts(study, cell), *method_parts(study.methods[name])]
    return found + (method_parts(repeated) if repeated is not None else [])


def latency_parts(study: Study, cell: Cell) -> list[str]:
    """The architecture, and where the study trains on a GPU, what times networks there."""
    found = architecture_part(study, cell)
    if device_kind(study.compute.accelerator) == CUDA:
        found.append(part_module("prunestudy.evaluation", "cuda_latency"))
    return found


def report_parts(study: Study, _cell: Cell) -> list[str]:
    """Every data set, loss and metric that the report tells of."""
    found = [part for task in study.tasks for part in _objective(study, task)]
    found += [part for task in study.tasks for part in prepare_parts(study, Cell(task=task))]
    return list(dict.fromkeys(found))


def method_parts(method: Method) -> list[str]:
    """What the trajectory of a method loads by name.

    The user's own criteria are not among them: they lie outside the library.
    """
    asked = [name for name in criteria_of(method) if not is_dotted(name)]
    found = [part_module(f"{ROOM}.criteria", name) for name in asked]
    if isinstance(method, Baseline):
        found.append(part_module(f"{ROOM}.baselines", method.baseline))
        if not BASELINES[method.baseline].retrains:
            return found
    elif isinstance(method, ClosedLoop):
        # Layers alone and operating points of parameters go by one ranking in every loop.
        spreads = ["uniform", "global"]
        if method.allocation == "global" and method.round_to == 1:
            spreads.append("layer_sensitivity")
        found.append(part_module(f"{ROOM}.controller", "closed_loop"))
        found += [part_module(f"{ROOM}.allocation", name) for name in spreads]
    else:
        found += _parts_of_fixed(method)
        if method.prune_at == "initial":
            return found
    return [*found, part_module(f"{ROOM}.retraining", method.retraining)]


def _parts_of_fixed(method: FixedRatios) -> list[str]:
    found = []
    if isinstance(method, SameRatios):
        found.append(part_module(ROOM, "same_ratios"))
    if isinstance(method, OpenLoop):
        found.append(part_module(ROOM, "open_loop"))
        found.append(part_module(f"{ROOM}.allocation", method.allocation))
        found.append(part_module(f"{ROOM}.schedules", method.schedule))
        if method.bisect is not None:
            found.append(part_module(ROOM, "own_size"))
    if method.regulariser is not None:
        found.append(part_module(f"{ROOM}.regularisers", method.regulariser.kind))
    if method.weight_sharing is not None:
        found.append(part_module(ROOM, "weight_sharing"))
    return found
