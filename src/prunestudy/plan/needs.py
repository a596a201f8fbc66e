"""The cells of each step, and what each of them needs."""

from collections.abc import Iterator

from prunestudy.data.dataset import dataset_of
from prunestudy.params.settings import Study
from prunestudy.plan import slices
from prunestudy.plan.cell import Cell
from prunestudy.plan.step import Need, Needs
from prunestudy.store.names import DENSE

# Cells.


def datasets(study: Study) -> Iterator[Cell]:
    """Every data set of the catalogue that a task names."""
    for name in sorted({task.data.name for task in study.tasks.values() if task.data.name}):
        yield Cell(dataset=name)


def tasks(study: Study) -> Iterator[Cell]:
    """Every task."""
    for task in study.tasks:
        yield Cell(task=task)


def task_seeds(study: Study) -> Iterator[Cell]:
    """Every task and seed."""
    for task in study.tasks:
        for seed in study.seeds:
            yield Cell(task=task, seed=seed)


def dense(study: Study) -> Iterator[Cell]:
    """Every dense network."""
    for cell in task_seeds(study):
        yield dense_of(cell)


def split_once(study: Study) -> Iterator[Cell]:
    """Every task whose seeds share one split of the data."""
    return (cell for cell in tasks(study) if not _in_folds(study, cell))


def folds(study: Study) -> Iterator[Cell]:
    """Every task and seed with a fold of the data to itself."""
    return (cell for cell in task_seeds(study) if _in_folds(study, cell))


def _in_folds(study: Study, cell: Cell) -> bool:
    return study.tasks[str(cell.task)].data.split.folds is not None


def references(study: Study) -> Iterator[Cell]:
    """Every task that names a reference, and whose seeds share one split of the data."""
    return (cell for cell in split_once(study) if study.tasks[str(cell.task)].reference)


def fold_references(study: Study) -> Iterator[Cell]:
    """Every fold of the tasks that name a reference."""
    return (cell for cell in folds(study) if study.tasks[str(cell.task)].reference)


def layer_latencies(study: Study) -> Iterator[Cell]:
    """Every table of layer latencies that a closed loop reads."""
    found = (
        Cell(task=task, granule=granule)
        for task in study.tasks
        for name in slices.methods_on(study, task)
        if (granule := slices.granule(study, task, name)) is not None
    )
    yield from dict.fromkeys(found)


def trajectories(study: Study) -> Iterator[Cell]:
    """Every task, seed and method that runs on the task."""
    for cell in task_seeds(study):
        for name in slices.methods_on(study, str(cell.task)):
            yield Cell(task=cell.task, seed=cell.seed, method=name)


def whole(_study: Study) -> Iterator[Cell]:
    """The study itself."""
    yield Cell()


# Needs.


def dense_of(cell: Cell) -> Cell:
    """The dense network of a task and seed."""
    return Cell(task=cell.task, seed=cell.seed, method=DENSE)


def raw(study: Study, cell: Cell) -> Needs:
    """The task's data set, as fetched; the user's own data are read where they lie."""
    name = study.tasks[str(cell.task)].data.name
    return {} if name is None else {"raw": ("fetch", Cell(dataset=name))}


def data(study: Study, cell: Cell) -> Needs:
    """The task's data, as prepared; the first seed's fold for a cell that has no seed."""
    if not _in_folds(study, cell):
        return {"data": ("prepare", Cell(task=cell.task))}
    seed = study.seeds[0] if cell.seed is None else cell.seed
    return {"data": ("prepare_fold", Cell(task=cell.task, seed=seed))}


def reference(study: Study, cell: Cell) -> Needs:
    """The prepared data; and the data set where its columns are read anew."""
    columns = dataset_of(study.tasks[str(cell.task)].data).widths is not None
    return {**data(study, cell), **(raw(study, cell) if columns else {})}


def of_trajectory(study: Study, cell: Cell) -> Needs:
    """Data and dense network; other trajectories and layer latencies where they are read."""
    task, name = str(cell.task), str(cell.method)
    needs: Needs = {**data(study, cell), "dense": ("train", dense_of(cell))}
    references = study.methods[name].references
    if references:
        needs["references"] = {
            other: ("prune", Cell(task=task, seed=cell.seed, method=other)) for other in references
        }
    granule = slices.granule(study, task, name)
    if granule is not None:
        needs["layer_latency"] = ("layer_latency", Cell(task=task, granule=granule))
    return needs


def networks(study: Study, cell: Cell) -> Needs:
    """Every network of a task and seed, by method."""
    names = slices.methods_on(study, str(cell.task))
    pruned: dict[str, Need] = {
        name: ("prune", Cell(task=cell.task, seed=cell.seed, method=name)) for name in names
    }
    return {"networks": {DENSE: ("train", dense_of(cell)), **pruned}}


def data_and_networks(study: Study, cell: Cell) -> Needs:
    """Those, and the data to evaluate them on."""
    return {**data(study, cell), **networks(study, cell)}


def everything(study: Study, _cell: Cell) -> Needs:
    """All that the tables are made of."""
    made = [("train", cell) for cell in dense(study)]
    made += [("prune", cell) for cell in trajectories(study)]
    measured = [(step, c) for c in task_seeds(study) for step in ("evaluate", "latency")]
    data = [("prepare", cell) for cell in split_once(study)]
    data += [("prepare_fold", cell) for cell in folds(study)]
    needs: Needs = {
        role: {f"{step} {cell}": (step, cell) for step, cell in found}
        for role, found in (("data", data), ("networks", made), ("measured", measured))
    }
    beside = [("reference", cell) for cell in references(study)]
    beside += [("reference_fold", cell) for cell in fold_references(study)]
    if beside:
        needs["references"] = {f"{step} {cell}": (step, cell) for step, cell in beside}
    return needs


def tables(_study: Study, _cell: Cell) -> Needs:
    """The tables."""
    return {"tables": ("collect", Cell())}


def tables_and_report(study: Study, cell: Cell) -> Needs:
    """The tables, and the report that is published with them."""
    return {**tables(study, cell), "report": ("report", Cell())}
