"""What another method left behind, for those that look at its networks."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_masked_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.pruning.masks import maskable
from prunestudy.pruning.state import LayerRatios, Snapshot, State
from prunestudy.store.tables import read_table
from prunestudy.training.objective import Objective


def reference_networks(folder: Path) -> list[tuple[str, nn.Module, NetworkSpec]]:
    """Point, network and spec of every network that another method kept."""
    found = []
    for row in read_table(folder / "networks.csv").to_dict("records"):
        network, spec, _masks = read_masked_network(folder / row["file"])
        found.append((row["point"], network, spec))
    return found


def reference_ratios(folder: Path) -> dict[str, LayerRatios]:
    """What another method left of each layer, by operating point."""
    found = {}
    for row in read_table(folder / "networks.csv").to_dict("records"):
        network, spec, masks = read_masked_network(folder / row["file"])
        parameters = dict(network.named_parameters())
        held = masks or {}
        weights = {
            name: int(held[name].sum()) if name in held else parameters[name].numel()
            for name in maskable(network)
        }
        widths = UnitGraph(network, spec.example()).widths
        found[row["point"]] = LayerRatios(widths, weights)
    return found


def kept_snapshots(folder: Path, objective: Objective) -> list[Snapshot]:
    """Every network that another method kept, with what it cost."""
    spent = read_table(folder / "compute.csv").set_index("point")
    found = []
    for row in read_table(folder / "networks.csv").to_dict("records"):
        file, point = folder / row["file"], row["point"]
        network, spec, masks = read_masked_network(file)
        state = State(network, spec, masks, clock=row["epochs"], stage=row["stage"])
        cost = spent.loc[point]
        before = objective.shown(row["val_before_retraining"])
        kept = Snapshot(point, state, row["epochs"], before, origin=file)
        search, seen = float(cost["epochs_search"]), int(cost["evaluations"])
        found.append(replace(kept, search=search, evaluations=seen))
    return found


def epochs_spent(folder: Path) -> dict[str, float]:
    """All epochs that another method spent on each of its points, search included."""
    rows = read_table(folder / "compute.csv").to_dict("records")
    return {row["point"]: row["epochs_search"] + row["epochs_retraining"] for row in rows}


def unreachable_points(folder: Path) -> list[dict[str, str]]:
    """The points that another method could not reach, and why."""
    rows = read_table(folder / "unreachable.csv").to_dict("records")
    return [{"point": row["point"], "reason": row["reason"]} for row in rows]
