"""Linear: the same share of the dense network each stage."""


def shares(final: float, stages: int) -> list[float]:
    """The shares after each stage, ``final`` after the last."""
    return [final * stage / stages for stage in range(1, stages + 1)]
