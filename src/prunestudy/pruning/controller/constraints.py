"""Requirement analysis: what a task demands, which resource binds, and what a network costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.networks.unit_graph import CostModel, Widths
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.store.tables import read_table

BYTES_OF_FLOAT = 4
# Name of the resource → field of the requirements that limits it.
LIMITS = {"params": "params", "macs": "macs", "bytes": "bytes", "latency": "latency_ms"}


@dataclass(frozen=True)
class Resource:
    """A resource that a closed loop can free: its name and its cost as a function of widths."""

    name: str
    cost: Callable[[Widths], float]


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


def resources(model: CostModel, layer_latency: Path | None) -> dict[str, Resource]:
    """The resources whose cost is known; latency needs the table of layer latencies."""
    costs: dict[str, Callable[[Widths], float]] = {
        "params": model.params,
        "macs": model.macs,
        "bytes": lambda widths: BYTES_OF_FLOAT * model.params(widths),
    }
    if layer_latency is not None:
        costs["latency"] = LatencyTable(model, layer_latency)
    return {name: Resource(name, cost) for name, cost in costs.items()}


class LatencyTable:
    """Milliseconds of a network from the measured times of its layers, batch 64."""

    def __init__(self, model: CostModel, file: Path) -> None:
        self.model = model
        table = read_table(file)
        whole, layers = table[table["layer"].isna()], table[table["layer"].notna()]
        self.times: dict[str, dict[tuple[int, int], float]] = {}
        for row in layers.to_dict("records"):
            place = (int(row["inputs"]), int(row["outputs"]))
            self.times.setdefault(row["layer"], {})[place] = float(row["ms"])
        dense = sum(max(grid.items())[1] for grid in self.times.values())
        # What lies between the layers; it does not shrink with them.
        self.overhead = max(float(whole["ms"].iloc[0]) - dense, 0.0)

    def __call__(self, widths: Widths) -> float:
        """Milliseconds with these widths; between measured widths the next larger ones count."""
        total = self.overhead
        for layer in self.model.layers:
            inputs, outputs = self.model.layer_widths(layer, widths)
            total += self._time(layer, inputs, outputs)
        return total

    def _time(self, layer: str, inputs: int, outputs: int) -> float:
        grid = self.times[layer]
        place = (_next(inputs, {known for known, _ in grid}), _next(outputs, {o for _, o in grid}))
        return grid[place]


def _next(size: int, known: set[int]) -> int:
    return min((width for width in known if width >= size), default=max(known))


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
