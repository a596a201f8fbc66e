"""The resources that a closed loop can free, and what a network of given widths costs of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prunestudy.networks.cost_model import CostModel, Widths
from prunestudy.store.tables import read_table

BYTES_OF_FLOAT = 4


@dataclass(frozen=True)
class Resource:
    """A resource that a closed loop can free: its name and its cost as a function of widths."""

    name: str
    cost: Callable[[Widths], float]


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
