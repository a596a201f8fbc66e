"""The dense network, trained on for the retraining epochs that pruned networks get."""

from prunestudy.pruning.cell import Cell
from prunestudy.pruning.settings import Baseline
from prunestudy.pruning.state import Snapshot, TrajectoryResult
from prunestudy.settings.parts import load_part
from prunestudy.training.divergence import check_finite


def run(cell: Cell[Baseline]) -> TrajectoryResult:
    """One network, the dense one with more training."""
    retrainer = load_part("prunestudy.pruning.retraining", cell.method.retraining).retrainer(cell)
    result = TrajectoryResult()
    state = cell.dense().restored()
    before = retrainer.loop.validate(state.network)[1]
    curve = retrainer.loop.train(state.network, 0, retrainer.epochs)
    check_finite(state.network, curve, "dense network, trained on")
    result.add_curve(curve, "1", 0)
    seen = len(curve) + 1
    result.kept.append(Snapshot("1", state, retrainer.epochs, before, evaluations=seen))
    return result
