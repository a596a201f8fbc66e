"""Requirement analysis: what a task demands, and which resource binds."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunestudy.errors import StudyError
from prunestudy.networks.cost_model import Widths
from prunestudy.pruning.controller.resources import Resource
from prunestudy.pruning.controller.settings import Requirements

# Name of the resource → field of the requirements that limits it.
LIMITS = {"params": "params", "macs": "macs", "bytes": "bytes", "latency": "latency_ms"}


@dataclass(frozen=True)
class Constraints:
    """What the controller works towards.

    Attributes:
        budget: lowest validation quality allowed.
        resource: the resource that binds.
        target: largest amount of it allowed; none means as little as the budget allows.
        limits: every limit of the task: resource and largest amount.
    """

    budget: float
    resource: Resource
    target: float | None
    limits: tuple[tuple[Resource, float], ...] = ()

    def unmet(self, widths: Widths) -> list[str]:
        """The limits that a network with these widths exceeds, in words."""
        found = []
        for resource, limit in self.limits:
            amount = resource.cost(widths)
            if amount > limit:
                found.append(f"{resource.name} {amount:g} > {limit:g}")
        return found


def allowed_drop(requirements: Requirements, dense_quality: float) -> float:
    """Quality that may be lost, in units of the metric."""
    if requirements.relative:
        return requirements.max_drop * abs(dense_quality)
    return requirements.max_drop


def analyse(
    requirements: Requirements,
    dense_quality: float,
    widths: Widths,
    known: Mapping[str, Resource],
    preferred: str,
) -> Constraints:
    """Quality budget, binding resource and target of a task.

    Where the task limits resources, the one that is exceeded by the largest factor binds, and
    the mode is to meet it; otherwise ``preferred`` is freed as far as the budget allows.

    Raises:
        StudyError: latency binds, but no layer latencies are at hand.
    """
    budget = dense_quality - allowed_drop(requirements, dense_quality)
    limits = []
    for name, field in LIMITS.items():
        limit = getattr(requirements, field)
        if limit is not None:
            limits.append((_known(known, name), float(limit)))
    if not limits:
        return Constraints(budget, _known(known, preferred), None)
    resource, target = max(limits, key=lambda item: item[0].cost(widths) / item[1])
    return Constraints(budget, resource, target, tuple(limits))


def _known(known: Mapping[str, Resource], name: str) -> Resource:
    if name not in known:
        raise StudyError(f"resource '{name}' needs the table of layer latencies (--layer-latency)")
    return known[name]
