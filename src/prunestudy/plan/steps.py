"""The step table: all that the plan, the rules, the commands and the checks know of each step."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prunestudy.params.settings import Study
from prunestudy.plan import slices
from prunestudy.plan.cell import Cell
from prunestudy.store.names import DENSE

# What a cell needs: by role, the step and cell that make it, or several by name.
Need = tuple[str, Cell]
Needs = dict[str, Need | dict[str, Need]]


@dataclass(frozen=True)
class Role:
    """An input of a step.

    Attributes:
        several: it is a mapping of names to paths.
        required: every cell has it.
        by_command: the step's command is told its path; else the job takes it from the plan.
    """

    name: str
    help: str = ""
    several: bool = False
    required: bool = True
    by_command: bool = True

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")


@dataclass(frozen=True)
class Step:
    """A step of a study.

    Attributes:
        summary: what it does, for people.
        module: where its work begins; with the parts that a cell names, its source.
        job: ``module:function`` that does the work for one cell.
        path: template of what it makes.
        over: coordinates of its cells.
        cells: the cells of a study, in order.
        needs: what each needs.
        params: the parameters that it reads, as plain values.
        parts: dotted modules of the parts that a cell names.
        packages: whose versions decide its numbers.
        folder: it makes a folder.
        alone: it measures times, so nothing else may run beside it.
        torch: its job imports torch.
        networks: it leaves networks with curves, or a failure in their place.
        repeatable: its outcome is a function of its inputs.
    """

    name: str
    summary: str
    module: str
    job: str
    path: str
    over: tuple[str, ...]
    cells: Callable[[Study], Iterable[Cell]]
    params: Callable[[Study, Cell], dict[str, Any]]
    packages: tuple[str, ...]
    roles: tuple[Role, ...] = ()
    needs: Callable[[Study, Cell], Needs] = lambda _study, _cell: {}
    parts: Callable[[Study, Cell], list[str]] = lambda _study, _cell: []
    folder: bool = False
    alone: bool = False
    torch: bool = False
    networks: bool = False
    repeatable: bool = True

    @property
    def command(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")


# Cells.


def _datasets(study: Study) -> Iterator[Cell]:
    for name in sorted({task.data.name for task in study.tasks.values()}):
        yield Cell(dataset=name)


def _tasks(study: Study) -> Iterator[Cell]:
    for task in study.tasks:
        yield Cell(task=task)


def _task_seeds(study: Study) -> Iterator[Cell]:
    for task in study.tasks:
        for seed in study.seeds:
            yield Cell(task=task, seed=seed)


def _dense(study: Study) -> Iterator[Cell]:
    for cell in _task_seeds(study):
        yield _dense_of(cell)


def _layer_latencies(study: Study) -> Iterator[Cell]:
    found = (
        Cell(task=task, granule=granule)
        for task in study.tasks
        for name in slices.methods_on(study, task)
        if (granule := slices.granule(study, task, name)) is not None
    )
    yield from dict.fromkeys(found)


def _trajectories(study: Study) -> Iterator[Cell]:
    for cell in _task_seeds(study):
        for name in slices.methods_on(study, str(cell.task)):
            yield Cell(task=cell.task, seed=cell.seed, method=name)


def _whole(_study: Study) -> Iterator[Cell]:
    yield Cell()


# Needs.


def _dense_of(cell: Cell) -> Cell:
    return Cell(task=cell.task, seed=cell.seed, method=DENSE)


def _raw(study: Study, cell: Cell) -> Needs:
    return {"raw": ("fetch", Cell(dataset=study.tasks[str(cell.task)].data.name))}


def _data(_study: Study, cell: Cell) -> Needs:
    return {"data": ("prepare", Cell(task=cell.task))}


def _of_trajectory(study: Study, cell: Cell) -> Needs:
    task, name = str(cell.task), str(cell.method)
    needs: Needs = {**_data(study, cell), "dense": ("train", _dense_of(cell))}
    reference = study.methods[name].reference
    if reference is not None:
        needs["reference"] = ("prune", Cell(task=task, seed=cell.seed, method=reference))
    granule = slices.granule(study, task, name)
    if granule is not None:
        needs["layer_latency"] = ("layer_latency", Cell(task=task, granule=granule))
    return needs


def _networks(study: Study, cell: Cell) -> Needs:
    names = slices.methods_on(study, str(cell.task))
    pruned: dict[str, Need] = {
        name: ("prune", Cell(task=cell.task, seed=cell.seed, method=name)) for name in names
    }
    return {"networks": {DENSE: ("train", _dense_of(cell)), **pruned}}


def _data_and_networks(study: Study, cell: Cell) -> Needs:
    return {**_data(study, cell), **_networks(study, cell)}


def _everything(study: Study, _cell: Cell) -> Needs:
    made = [("train", cell) for cell in _dense(study)]
    made += [("prune", cell) for cell in _trajectories(study)]
    measured = [(step, c) for c in _task_seeds(study) for step in ("evaluate", "latency")]
    data = [("prepare", cell) for cell in _tasks(study)]
    needs: Needs = {
        role: {f"{step} {cell}": (step, cell) for step, cell in found}
        for role, found in (("data", data), ("networks", made), ("measured", measured))
    }
    return needs


def _tables(_study: Study, _cell: Cell) -> Needs:
    return {"tables": ("collect", Cell())}


def _tables_and_report(study: Study, cell: Cell) -> Needs:
    return {**_tables(study, cell), "report": ("report", Cell())}


LEARNING = ("torch", "numpy", "pytorch-lightning", "safetensors")
DATA = Role("data", "prepared data of the task")
NETWORKS = Role("networks", "trajectories to look at, dense among them", several=True)
TABLES = Role("tables", "folder of the collected tables")
CELL = "models/{study}/{task}/seed{seed}"

_TABLE = (
    Step(
        name="fetch",
        summary="fetch a data set and check its digests",
        module="prunestudy.data.fetch",
        job="prunestudy.steps.data:fetch",
        path="data/{study}/raw/{dataset}-{key}",
        over=("dataset",),
        cells=_datasets,
        params=slices.fetch,
        parts=slices.fetch_parts,
        packages=("scikit-learn",),
        folder=True,
    ),
    Step(
        name="prepare",
        summary="split and scale a task's data",
        module="prunestudy.data.prepare",
        job="prunestudy.steps.data:prepare",
        path="data/{study}/prepared/{task}-{key}.safetensors",
        over=("task",),
        cells=_tasks,
        params=slices.prepare,
        parts=slices.prepare_parts,
        packages=("numpy", "pandas", "scikit-learn", "safetensors"),
        roles=(Role("raw", "folder of the fetched data set"),),
        needs=_raw,
    ),
    Step(
        name="train",
        summary="train the dense network of a task and seed",
        module="prunestudy.training.dense",
        job="prunestudy.steps.networks:train",
        path=f"{CELL}/dense-{{key}}",
        over=("task", "seed"),
        cells=_dense,
        params=slices.train,
        parts=slices.train_parts,
        packages=LEARNING,
        roles=(DATA,),
        needs=_data,
        folder=True,
        torch=True,
        networks=True,
    ),
    Step(
        name="layer_latency",
        summary="measure how long each layer takes at each width",
        module="prunestudy.networks.layer_latency",
        job="prunestudy.steps.networks:layer_latency",
        path="models/{study}/{task}/layer_latency_{granule}-{key}.csv",
        over=("task", "granule"),
        cells=_layer_latencies,
        params=slices.layer_latency,
        parts=slices.architecture_part,
        packages=("torch", "onnx", "onnxruntime", "torch-pruning"),
        roles=(DATA,),
        needs=_data,
        alone=True,
        torch=True,
        repeatable=False,
    ),
    Step(
        name="prune",
        summary="run one trajectory of a method",
        module="prunestudy.pruning.trajectory",
        job="prunestudy.steps.networks:prune",
        path=f"{CELL}/{{method}}-{{key}}",
        over=("task", "seed", "method"),
        cells=_trajectories,
        params=slices.prune,
        parts=slices.prune_parts,
        packages=(*LEARNING, "torch-pruning", "scikit-learn"),
        roles=(
            DATA,
            Role("dense", "folder of the dense network"),
            Role(
                "reference",
                "the other method's trajectory, for baselines and like:METHOD",
                required=False,
            ),
            Role(
                "layer_latency",
                "table of layer-latency, for loops that price latency",
                required=False,
            ),
        ),
        needs=_of_trajectory,
        folder=True,
        torch=True,
        networks=True,
    ),
    Step(
        name="evaluate",
        summary="evaluate every network of a task and seed",
        module="prunestudy.evaluation.evaluate",
        job="prunestudy.steps.evaluation:evaluate",
        path=f"{CELL}/evaluation-{{key}}.csv",
        over=("task", "seed"),
        cells=_task_seeds,
        params=slices.evaluate,
        parts=slices.train_parts,
        packages=("torch", "numpy", "safetensors"),
        roles=(DATA, NETWORKS),
        needs=_data_and_networks,
        torch=True,
    ),
    Step(
        name="latency",
        summary="measure latency of a task and seed",
        module="prunestudy.evaluation.latency",
        job="prunestudy.steps.evaluation:latency",
        path=f"{CELL}/latency-{{key}}.csv",
        over=("task", "seed"),
        cells=_task_seeds,
        params=slices.latency,
        parts=slices.architecture_part,
        packages=("torch", "numpy", "onnx", "onnxruntime", "safetensors"),
        roles=(NETWORKS,),
        needs=_networks,
        alone=True,
        torch=True,
        repeatable=False,
    ),
    Step(
        name="collect",
        summary="collect the study's tables",
        module="prunestudy.evaluation.collect",
        job="prunestudy.steps.evaluation:collect",
        path="models/{study}/tables-{key}",
        over=(),
        cells=_whole,
        params=slices.collect,
        packages=("pandas",),
        roles=tuple(
            Role(name, several=True, by_command=False) for name in ("data", "networks", "measured")
        ),
        needs=_everything,
        folder=True,
    ),
    Step(
        name="report",
        summary="write the report from the tables",
        module="prunestudy.report.build",
        job="prunestudy.steps.report:report",
        path="models/{study}/report-{key}.marker",
        over=(),
        cells=_whole,
        params=slices.report,
        parts=slices.report_parts,
        packages=("pandas", "numpy", "scipy", "altair", "vl-convert-python", "pikepdf", "jinja2"),
        roles=(TABLES,),
        needs=_tables,
        repeatable=False,
    ),
    Step(
        name="publish",
        summary="publish the study to MLflow",
        module="prunestudy.publish.tracking",
        job="prunestudy.steps.report:publish",
        path="models/{study}/published-{key}.marker",
        over=(),
        cells=_whole,
        params=slices.nothing,
        packages=("mlflow",),
        roles=(TABLES, Role("report", by_command=False)),
        needs=_tables_and_report,
        repeatable=False,
    ),
)
STEPS: dict[str, Step] = {step.name: step for step in _TABLE}
