"""How far two devices agree on a study: decision by decision, network by network.

Sums are taken in another order on another device, so weights part by rounding, and a training
makes more of that. While both devices take the same decisions, their networks are compared number
by number. At the first decision that differs a trajectory parts: what it saw up to there must still
agree; what comes after is another network, which is told and not judged, as is whatever follows it.
Where none differs, networks of other units must be as good all the same.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from prunestudy.gpu_check.outcome import Rows
from prunestudy.gpu_check.studies import Made
from prunestudy.networks.storage import read_masked_network
from prunestudy.store.tables import read_table
from prunestudy.store.trajectories import kept_networks


@dataclass(frozen=True)
class Tolerance:
    """The largest differences that rounding may make of a study.

    Attributes:
        weights: of a weight.
        quality: of a quality: a share of rows, or R².
    """

    weights: float
    quality: float


# With inputs that differ by half a unit of their last place, smoke's weights came to differ by
# 1e-7 and the CNN's by 0.06, its qualities by 0.018 (the largest of five tries on a CPU). Where the
# CNN's open loops came to other units, in three of five tries, qualities differed by up to 0.036.
TOLERANCES = {"smoke": Tolerance(1e-3, 0.01), "digits-cnn": Tolerance(0.2, 0.05)}
# What a decision is; its qualities are numbers that only have to be near each other.
DECIDED = (
    *("stage", "proposal", "criterion", "allocation", "layer", "ratio"),
    *("resource_before", "resource_after", "widths", "verdict"),
)
SEEN = ("val_before", "val_after")


def first_difference(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, list[str]] | None:
    """The first row of ``decisions.csv`` that differs, and in which columns; none if none does."""
    for row in range(min(len(first), len(second))):
        columns = [name for name in DECIDED if _text(first, name, row) != _text(second, name, row)]
        if columns:
            return row, columns
    if len(first) != len(second):
        return min(len(first), len(second)), ["no such decision"]
    return None


def _text(table: pd.DataFrame, column: str, row: int) -> str:
    return str(table[column].iloc[row])


def quality_gap(first: pd.DataFrame, second: pd.DataFrame, parted: int | None) -> float:
    """Largest difference of the qualities that both saw before they parted.

    At the decision that differs, the quality before it is still of the same network.
    """
    gaps = []
    for column in SEEN:
        rows = len(first) if parted is None else parted + (column == "val_before")
        pairs = zip(first[column][:rows], second[column][:rows], strict=False)
        gaps += [_gap(one, other) for one, other in pairs]
    return max(gaps, default=0.0)


def _gap(one: float, other: float) -> float:
    """How far two numbers are apart; without end where one of them is none, nowhere if both."""
    none = pd.isna(one), pd.isna(other)
    if any(none):
        return 0.0 if all(none) else math.inf
    return abs(float(one) - float(other))


def weight_gap(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Largest absolute difference of two networks' floating-point tensors."""
    gaps = [
        (tensor.double() - second[name].double()).abs().max()
        for name, tensor in first.items()
        if tensor.is_floating_point()
    ]
    # Unlike Python's, its largest of numbers and a NaN is the NaN.
    return torch.stack(gaps).max().item()


def _same_units(first: Path, second: Path) -> tuple[bool, float | None]:
    """Whether two files hold networks of the same units and masks; then how far weights differ."""
    (here, spec, masks), (there, other, others) = map(read_masked_network, (first, second))
    masks, others = masks or {}, others or {}
    same = spec.removed == other.removed and masks.keys() == others.keys()
    if not (same and all(torch.equal(masks[name], others[name]) for name in masks)):
        return False, None
    return True, weight_gap(here.state_dict(), there.state_dict())


def networks(first: Made, second: Made) -> Rows:
    """A row a network that either study kept, the dense ones first.

    Where the other one lacks it, there is nothing to compare.
    """
    rows = []
    qualities = _qualities(first), _qualities(second)
    follows = first.follows()
    for step in ("train", "prune"):
        there = second.of_step(step)
        for cell, folder in first.of_step(step).items():
            files, others = (
                {kept["point"]: place / kept["file"] for kept in kept_networks(place)}
                for place in (folder, there[cell])
            )
            for point in dict.fromkeys([*files, *others]):
                row = {"network": cell, "point": point, "follows": follows.get(cell, [])}
                both = point in files and point in others
                same, gap = _same_units(files[point], others[point]) if both else (None, None)
                row |= {"same units": same, "weights": gap}
                for name in ("val", "test") if both else ():
                    row[name] = _gap(*(one[cell, point][name] for one in qualities))
                rows.append(row)
    return rows


def _qualities(made: Made) -> dict[tuple[str, str], dict[str, float]]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for cell, file in made.of_step("evaluate").items():
        for row in read_table(file).to_dict("records"):
            found[f"{cell}/{row['method']}", str(row["point"])] = {
                "val": row["val"],
                "test": row["test"],
            }
    return found


def decisions(first: Made, second: Made) -> Rows:
    """A row a trajectory that decides: how many decisions, and the first that differs."""
    rows = []
    there = second.of_step("prune")
    for cell, folder in first.of_step("prune").items():
        here, other = (read_table(place / "decisions.csv") for place in (folder, there[cell]))
        if here.empty and other.empty:
            continue
        found = first_difference(here, other)
        row = {
            "trajectory": cell,
            "decisions": len(here),
            "first that differs": None if found is None else found[0] + 1,
            "differs in": None if found is None else ", ".join(found[1]),
            "quality before it": quality_gap(here, other, None if found is None else found[0]),
        }
        rows.append(row)
    return rows


def disagreements(networks: Rows, decisions: Rows, allowed: Tolerance) -> Iterator[str]:
    """What is beyond the tolerances, in sentences."""
    parted = {row["trajectory"] for row in decisions if row["first that differs"] is not None}
    for row in networks:
        # Baselines take over what another trajectory has left.
        if parted.intersection(row["follows"]):
            parted.add(row["network"])
    for row in decisions:
        gap = row["quality before it"]
        # Written so that a NaN is beyond every tolerance.
        if not gap <= allowed.quality:
            yield (
                f"{row['trajectory']}: qualities differ by {gap:.2g} before any decision does; "
                f"at most {allowed.quality:g} is expected"
            )
    for row in networks:
        if row["network"] in parted:
            continue
        if row["same units"] is None:
            yield f"{row['network']} at {row['point']}: one device has no such network"
            continue
        limits = {"val": allowed.quality, "test": allowed.quality}
        if row["same units"]:
            limits["weights"] = allowed.weights
        for name, limit in limits.items():
            if not row[name] <= limit:
                yield (
                    f"{row['network']} at {row['point']}: {name} differ by {row[name]:.2g}; "
                    f"at most {limit:g} is expected"
                )
