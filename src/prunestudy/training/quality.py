"""Losses and quality metrics, and how a network scores on rows it has not trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.data.tensors import Part

EVALUATION_BATCH = 1000


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of rows whose largest output is the target class."""
    return (outputs.argmax(dim=1) == targets).double().mean().item()


def r2(outputs: Tensor, targets: Tensor) -> float:
    """Coefficient of determination, 1 − residual ÷ total sum of squares."""
    outputs, targets = outputs.double(), targets.double()
    residual = (targets - outputs).square().sum()
    total = (targets - targets.mean()).square().sum()
    return (1 - residual / total).item()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "cross_entropy": functional.cross_entropy,
}
METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {"accuracy": accuracy, "r2": r2}


@dataclass(frozen=True)
class Objective:
    """What a task minimises and what it calls quality (higher is better)."""

    loss: str
    metric: str

    def loss_of(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, differentiable."""
        return LOSSES[self.loss](outputs, targets)

    def evaluate(self, network: nn.Module, part: Part) -> tuple[float, float]:
        """Loss and quality over all rows of a part, in evaluation mode."""
        training = network.training
        network.eval()
        device = next(network.parameters()).device
        with torch.inference_mode():
            outputs = torch.cat(
                [network(rows.to(device)).cpu() for rows in part.inputs.split(EVALUATION_BATCH)]
            )
            loss = self.loss_of(outputs, part.targets).item()
        network.train(training)
        return loss, METRICS[self.metric](outputs, part.targets)
