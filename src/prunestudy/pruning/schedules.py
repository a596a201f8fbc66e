"""Schedules: which share of the parameters is gone after each stage."""

from collections.abc import Callable


def one_shot(final: float, _stages: int) -> list[float]:
    """Everything in one stage."""
    return [final]


def linear(final: float, stages: int) -> list[float]:
    """The same share of the dense network each stage."""
    return [final * stage / stages for stage in range(1, stages + 1)]


def geometric(final: float, stages: int) -> list[float]:
    """The same share of what is left each stage (Frankle & Carbin 2019)."""
    return [1 - (1 - final) ** (stage / stages) for stage in range(1, stages + 1)]


def cubic(final: float, stages: int) -> list[float]:
    """Fast first, slow last: s_t = s_f − s_f (1 − t/n)³ (Zhu & Gupta 2017)."""
    return [final * (1 - (1 - stage / stages) ** 3) for stage in range(1, stages + 1)]


SCHEDULES: dict[str, Callable[[float, int], list[float]]] = {
    "one_shot": one_shot,
    "linear": linear,
    "geometric": geometric,
    "cubic": cubic,
}


def stage_epochs(stages: int, epochs: int, prune_share: float) -> list[int]:
    """Retraining epochs after each stage; they sum to ``epochs``.

    The stages divide the first ``prune_share`` of the clock; the last one keeps the rest. With
    fewer epochs than stages, some stages have no retraining of their own.
    """
    window = round(epochs * prune_share) if stages > 1 else 0
    marks = [round(window * stage / stages) for stage in range(stages)]
    return [end - begin for begin, end in zip(marks, [*marks[1:], epochs], strict=True)]
