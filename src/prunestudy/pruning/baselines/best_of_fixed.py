"""Best of fixed: at each point the network of the fixed method that validation quality prefers.

A controller chooses among several ways to prune by validation quality; so may whoever prunes by
fixed ratios. Nothing is trained: networks come from the trajectories of the methods, byte for byte.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from prunestudy.errors import CellFailure
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.cell import Cell
from prunestudy.pruning.other_method import kept_snapshots, unreachable_points
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import Snapshot, TrajectoryResult, labels
from prunestudy.store.names import FINAL
from prunestudy.store.trajectories import failure_of


@dataclass(frozen=True)
class _Offer:
    """A network that a method has at a point, with its validation quality."""

    method: str
    kept: Snapshot
    val: float

    @property
    def rank(self) -> float:
        """The larger the better; the size of its own must be small, since each is good enough."""
        return -self.kept.state.params if self.kept.point == FINAL else self.val


def run(cell: Cell[Baseline]) -> TrajectoryResult:
    """The preferred network at each operating point, and the smallest of the methods' own sizes."""
    result = TrajectoryResult()
    among, dense = list(cell.method.among or []), cell.dense()
    failed = _failed(cell, among)
    offers = list(_offers(cell, [name for name in among if name not in failed]))
    for label in [*(label for _compression, label in labels(cell.compressions)), FINAL]:
        here = [offer for offer in offers if offer.kept.point == label]
        if here:
            # Of equals, the first.
            best = max(here, key=lambda offer: offer.rank)
            # Every one of them was computed to choose from.
            search = sum(one.kept.epochs + one.kept.search for one in here) - best.kept.epochs
            evaluations = sum(one.kept.evaluations + 1 for one in here)
            result.kept.append(replace(best.kept, search=search, evaluations=evaluations))
            result.decisions += [_decision(cell, one, best, dense.params) for one in here]
        elif label != FINAL:
            result.unreachable.append({"point": label, "reason": _reason(cell, label)})
    for name, cause in failed.items():
        result.decisions.append(_passed_over(name, cause, dense.params))
    return result


def _failed(cell: Cell[Baseline], among: list[str]) -> dict[str, str]:
    """Why methods have failed, by their names."""
    causes = {name: failure_of(cell.inputs.references[name]) for name in among}
    return {name: cause for name, cause in causes.items() if cause is not None}


def _offers(cell: Cell[Baseline], among: list[str]) -> Iterator[_Offer]:
    """Every network of these methods, in their order."""
    loop = cell.loop(cell.task.retraining)
    for name in among:
        for kept in kept_snapshots(cell.inputs.references[name], cell.objective):
            network = kept.state.network.to(loop.device)
            yield _Offer(name, kept, loop.validate(network)[1])


def _reason(cell: Cell[Baseline], label: str) -> str:
    for folder in cell.inputs.references.values():
        if failure_of(folder) is not None:
            continue
        for row in unreachable_points(folder):
            if row["point"] == label:
                return row["reason"]
    raise CellFailure(f"no method that has not failed tells of point {label}")


def _decision(cell: Cell[Baseline], offer: _Offer, best: _Offer, dense: int) -> dict[str, object]:
    kept, own_size = offer.kept, offer.kept.point == FINAL
    told = "the smallest network within the budget"
    if not own_size:
        told = f"the best validation quality, {cell.objective.told(best.val)}"
    state = kept.state
    widths = dict(UnitGraph(state.network, state.spec.example()).widths)
    return {
        "stage": state.stage,
        "proposal": f"{kept.point}: {offer.method}",
        "resource": "params",
        "resource_before": dense,
        "resource_after": state.params,
        "val_after": offer.val,
        "widths": json.dumps(widths, allow_nan=False),
        "epochs_spent": kept.epochs + kept.search,
        "evaluations": kept.evaluations,
        "verdict": "chosen" if offer is best else "not chosen",
        "reason": f"{best.method} has {told}",
    }


def _passed_over(name: str, cause: str, dense: int) -> dict[str, object]:
    return {
        "stage": 0,
        "proposal": name,
        "resource": "params",
        "resource_before": dense,
        "verdict": "failed",
        "reason": f"{name} has failed and offers no network: {cause}",
    }
