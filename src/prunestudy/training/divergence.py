"""Trainings that end without numbers: found, named, and left as a failed cell."""

import math
from typing import Any

import torch
from torch import nn

from prunestudy.errors import CellFailure


def check_finite(network: nn.Module, curve: list[dict[str, Any]], place: str) -> None:
    """Make sure that a trained network has numbers for weights.

    Args:
        curve: the epochs that are behind it, the last ones at least.
        place: what is trained, for the message.

    Raises:
        CellFailure: it has not; the message names the first epoch without a finite loss.
    """
    if all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        return
    told = ""
    for row in curve:
        if not (math.isfinite(row["train_loss"]) and math.isfinite(row["val_loss"])):
            told = (
                f" in epoch {row['epoch']} (learning rate {row['lr']:.3g}, "
                f"train loss {row['train_loss']:.3g}, validation loss {row['val_loss']:.3g})"
            )
            break
    raise CellFailure(
        f"{place}: the training diverged{told}, its weights are no numbers any more; "
        "lower the learning rate of the task's training or retraining"
    )
