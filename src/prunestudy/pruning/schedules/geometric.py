"""Geometric: the same share of what is left each stage (Frankle & Carbin 2019)."""


def shares(final: float, stages: int) -> list[float]:
    """The shares after each stage, ``final`` after the last."""
    return [1 - (1 - final) ** (stage / stages) for stage in range(1, stages + 1)]
