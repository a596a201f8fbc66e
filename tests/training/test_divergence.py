"""A training that ends without numbers is told by its first epoch without a finite loss."""

import math

import pytest
import torch
from torch import nn

from prunestudy.errors import CellFailure
from prunestudy.training.divergence import check_finite


def row(epoch: int, train_loss: float, val_loss: float) -> dict[str, float]:
    """An epoch of a curve."""
    return {"epoch": epoch, "lr": 0.5, "train_loss": train_loss, "val_loss": val_loss}


def broken() -> nn.Module:
    """A network with one weight that is no number."""
    network = nn.Linear(3, 2)
    with torch.no_grad():
        network.weight[1, 2] = math.nan
    return network


@pytest.mark.parametrize(
    ("train_loss", "val_loss"), [(math.inf, 1.0), (1.0, math.nan), (math.nan, math.inf)]
)
def test_the_first_epoch_in_which_either_loss_is_not_finite_is_named(
    train_loss: float, val_loss: float
):
    curve = [row(1, 1.0, 1.0), row(2, train_loss, val_loss), row(3, math.nan, math.nan)]
    with pytest.raises(CellFailure, match=r"^point 4: .* diverged in epoch 2 \(learning rate 0.5,"):
        check_finite(broken(), curve, "point 4")


def test_where_no_epoch_tells_the_place_alone_is_named():
    with pytest.raises(CellFailure, match=r"^point 4: the training diverged, its weights"):
        check_finite(broken(), [row(1, 1.0, 1.0)], "point 4")


def test_statistics_of_batch_norm_count_as_weights():
    network = nn.BatchNorm2d(2)
    network.running_var[0] = math.inf
    with pytest.raises(CellFailure):
        check_finite(network, [], "dense network")


def test_a_network_of_numbers_passes_whatever_its_losses_were():
    check_finite(nn.Linear(3, 2), [row(1, math.inf, math.nan)], "dense network")
