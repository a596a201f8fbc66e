"""Cubic: fast first, slow last (Zhu & Gupta 2017)."""


def shares(final: float, stages: int) -> list[float]:
    """s_t = s_f − s_f (1 − t/n)³ after stage t of n."""
    return [final * (1 - (1 - stage / stages) ** 3) for stage in range(1, stages + 1)]
