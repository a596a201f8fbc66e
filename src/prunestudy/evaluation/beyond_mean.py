"""Beyond the mean: what pruning costs where the mean quality hides it.

After Hooker et al. 2019, "What Do Compressed Deep Neural Networks Forget?": single classes, single
rows and corrupted inputs may lose what the mean over all test rows does not show.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Split
from prunestudy.evaluation.corruptions import CORRUPTIONS
from prunestudy.training.objective import GPU_BATCH, IMAGES, Objective

BINS = 15
# Shares that are equal on paper differ in their last bits.
DECIMALS = 12
# Bytes of corrupted images that are in memory at once.
PIECE = 2**28


@dataclass(frozen=True)
class Reference:
    """What every network of a cell is held against.

    Attributes:
        test: the test rows.
        classes: labels of the classes; none where targets are values.
        dense: outputs of the dense network of the same seed, n × classes; none without one.
    """

    test: Split
    classes: tuple[str, ...]
    dense: Tensor | None = None


def beyond_mean(
    objective: Objective, network: nn.Module, outputs: Tensor, reference: Reference
) -> dict[str, Any]:
    """The columns of a network; those that do not apply are missing.

    Classes have all but ``corrupted``, and images have that.

    Args:
        outputs: of the network for the test rows, n × outputs.
    """
    names = ("worst_class_drop", "worst_class", "churn", "calibration_error", "corrupted")
    row: dict[str, Any] = dict.fromkeys(names)
    if reference.classes:
        targets = reference.test.targets
        row["calibration_error"] = calibration_error(outputs, targets)
        if reference.dense is not None:
            before, after = (right_rows(one, targets) for one in (reference.dense, outputs))
            place, drop = worst_class(before, after, targets.cpu().numpy())
            row["worst_class_drop"] = drop
            row["worst_class"] = reference.classes[place] if drop > 0 else None
            row["churn"] = float((before & ~after).mean())
    return row | _corrupted(objective, network, reference.test)


def right_rows(outputs: Tensor, targets: Tensor) -> np.ndarray:
    """Which rows get the right class; n booleans."""
    return (outputs.argmax(dim=1) == targets.to(outputs.device)).cpu().numpy()


def worst_class(before: np.ndarray, after: np.ndarray, targets: np.ndarray) -> tuple[int, float]:
    """The class whose recall drops most, the first of several, and by how much.

    Args:
        before, after: which rows the dense and the other network get right.
        targets: class of each row; a class without rows has no recall.
    """
    rows = np.bincount(targets)
    right = [np.bincount(targets, weights=one, minlength=len(rows)) for one in (before, after)]
    there = np.flatnonzero(rows)
    drops = np.round((right[0] - right[1])[there] / rows[there], DECIMALS)
    place = int(drops.argmax())
    return int(there[place]), float(drops[place])


def calibration_error(outputs: Tensor, targets: Tensor) -> float:
    """Expected calibration error of the largest softmax output over bins of equal width.

    The mean over rows of |accuracy − confidence| of their bin (Guo et al. 2017, "On Calibration of
    Modern Neural Networks"); 0 is best.
    """
    confidence = outputs.double().softmax(dim=1).amax(dim=1).cpu().numpy()
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=right_rows(outputs, targets) - confidence)
    return float(np.abs(gaps).sum() / len(targets))


def _corrupted(objective: Objective, network: nn.Module, rows: Split) -> dict[str, float | None]:
    """Quality under each corruption, and their mean."""
    names = {name: f"corrupted_{name}" for name in CORRUPTIONS}
    if rows.inputs.dim() != IMAGES:
        return dict.fromkeys(names.values())
    found = {
        names[name]: objective.shown(
            objective.scores(
                torch.cat(
                    [
                        objective.outputs(network, Split(corrupt(some), some))
                        for some in rows.inputs.split(_piece(rows.inputs))
                    ]
                ),
                rows.targets,
            )[1]
        )
        for name, corrupt in CORRUPTIONS.items()
    }
    return {"corrupted": float(np.mean([*found.values()])), **found}


def _piece(inputs: Tensor) -> int:
    """Rows that are corrupted at once, whole batches; each piece has the same noise."""
    return max(1, PIECE // (inputs[0].nbytes * GPU_BATCH)) * GPU_BATCH
