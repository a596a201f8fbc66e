"""Open-loop methods: ratios fixed beforehand, spread over stages by a schedule."""

from prunestudy.pruning.allocation import Unreachable
from prunestudy.pruning.schedules import SCHEDULES, stage_epochs
from prunestudy.pruning.stage import Kept, Record, Workshop, labels


def run_open_loop(workshop: Workshop, points: list[float]) -> Record:
    """Prune the dense network to each operating point, each with the same retraining epochs."""
    record = Record()
    for point, label in labels(points):
        try:
            workshop.check_point(point)
        except Unreachable as reason:
            record.unreachable.append({"point": label, "reason": str(reason)})
            continue
        record.kept.append(_run_to(workshop, point, label, record))
    return record


def _run_to(workshop: Workshop, point: float, label: str, record: Record) -> Kept:
    method = workshop.method
    assert method.criterion is not None, "an open-loop method has a criterion by its type"
    shares = SCHEDULES[method.schedule](1 - 1 / point, method.stages or 1)
    epochs = stage_epochs(len(shares), workshop.epochs, method.prune_share)
    state = workshop.dense.restored()
    before = 0.0
    for stage, (share, length) in enumerate(zip(shares, epochs, strict=True), start=1):
        last = stage == len(shares)
        target = workshop.target(point) if last else workshop.dense_params * (1 - share)
        state = workshop.prune(state, method.criterion, target)
        before = workshop.val(state)
        state = workshop.retrain(state, length, record, label, stage)
    return Kept(label, state, state.clock, before)
