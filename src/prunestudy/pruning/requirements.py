"""Requirement analysis: what a task demands, which resource binds, and how to price a network."""

from collections.abc import Callable
from dataclasses import dataclass

from prunestudy.params import Requirements
from prunestudy.pruning.units import CostModel, Widths


@dataclass(frozen=True)
class Resource:
    """The resource that a closed loop frees: its name and its price as a function of widths."""

    name: str
    price: Callable[[Widths], float]


@dataclass(frozen=True)
class Demands:
    """What the controller works towards.

    Attributes:
        budget: lowest validation quality allowed.
        resource: the resource that binds.
        target: largest amount of it allowed; none means as little as the budget allows.
    """

    budget: float
    resource: Resource
    target: float | None


def allowed_drop(requirements: Requirements, dense_quality: float) -> float:
    """Quality that may be lost, in units of the metric."""
    if requirements.relative:
        return requirements.max_drop * abs(dense_quality)
    return requirements.max_drop


def resource_of(cost: CostModel, name: str) -> Resource:
    """A resource by name."""
    prices: dict[str, Callable[[Widths], float]] = {"params": cost.params, "macs": cost.macs}
    return Resource(name, prices[name])


def analyse(requirements: Requirements, dense_quality: float, cost: CostModel) -> Demands:
    """Quality budget and binding resource of a task."""
    budget = dense_quality - allowed_drop(requirements, dense_quality)
    return Demands(budget, resource_of(cost, "params"), None)
