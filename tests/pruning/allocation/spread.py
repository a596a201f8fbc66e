"""The allocations of the library as plain functions, and the counts that they leave."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from prunestudy.networks.unit_graph import Removal
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.allocation.unit_budget import Scores, UnitBudget
from prunestudy.settings.parts import load_part

FOLDER = "prunestudy.pruning.allocation"


def uniform(*budget: Any) -> Removal:
    """The same ratio of each layer."""
    return load_part(FOLDER, "uniform").units(UnitBudget(*budget))


def global_ranking(*budget: Any) -> Removal:
    """One ranking of all layers."""
    return load_part(FOLDER, "global").units(UnitBudget(*budget))


def by_quota(*budget: Any, quota: Mapping[str, float]) -> Removal:
    """In proportion to quotas."""
    return load_part(FOLDER, "layer_sensitivity").units(UnitBudget(*budget, quotas=lambda: quota))


UNIT_ALLOCATIONS: dict[str, Callable[..., Removal]] = {
    "uniform": uniform,
    "global": global_ranking,
}
WEIGHT_ALLOCATIONS: dict[str, Callable[..., dict[str, np.ndarray]]] = {
    name: load_part(FOLDER, name).weights
    for name, info in ALLOCATIONS.items()
    if "weights" in info.spreads
}
kept_uniform = WEIGHT_ALLOCATIONS["uniform"]
kept_global = WEIGHT_ALLOCATIONS["global"]


def counts(name: str, scores: Scores, floors: dict[str, int], kept: int) -> dict[str, int]:
    """Weights of each matrix that an allocation keeps."""
    found = WEIGHT_ALLOCATIONS[name](scores, floors, kept)
    return {layer: int(mask.sum()) for layer, mask in found.items()}
