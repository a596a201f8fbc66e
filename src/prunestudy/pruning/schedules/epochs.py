"""The epochs between the stages of a schedule."""


def stage_epochs(stages: int, epochs: int, prune_share: float) -> list[int]:
    """Retraining epochs after each stage; they sum to ``epochs``.

    The stages divide the first ``prune_share`` of the clock; the last one keeps the rest. With
    fewer epochs than stages, some stages have no retraining of their own.
    """
    window = round(epochs * prune_share) if stages > 1 else 0
    marks = [round(window * stage / stages) for stage in range(stages)]
    return [end - begin for begin, end in zip(marks, [*marks[1:], epochs], strict=True)]
