"""Losses and quality metrics, and how a network scores on rows it has not trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.data.tensors import Split

# Small enough for activations to stay in the processor's cache.
EVALUATION_BATCH = 100
RESAMPLES = 300
# Dimensions of a batch of images: rows, channels, height, width.
IMAGES = 4


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


def channels_last(inputs: Tensor) -> Tensor:
    """Images with their channels last in memory: convolutions on a CPU are up to twice as fast."""
    return inputs.to(memory_format=torch.channels_last) if inputs.dim() == IMAGES else inputs


@dataclass(frozen=True)
class Objective:
    """What a task minimises and what it calls quality (higher is better)."""

    loss: str
    metric: str

    def loss_of(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, differentiable."""
        return LOSSES[self.loss](outputs, targets)

    def outputs(self, network: nn.Module, part: Split) -> Tensor:
        """The network's outputs for all rows of a part, in evaluation mode; n × outputs."""
        training = network.training
        network.eval()
        device = next(network.parameters()).device
        with torch.inference_mode():
            batches = part.inputs.split(EVALUATION_BATCH)
            found = torch.cat([network(channels_last(rows.to(device))).cpu() for rows in batches])
        network.train(training)
        return found

    def evaluate(self, network: nn.Module, part: Split) -> tuple[float, float]:
        """Loss and quality over all rows of a part, in evaluation mode."""
        outputs = self.outputs(network, part)
        with torch.inference_mode():
            loss = self.loss_of(outputs, part.targets).item()
        return loss, METRICS[self.metric](outputs, part.targets)

    def lower_bound(self, outputs: Tensor, dense: Tensor, targets: Tensor, level: float) -> float:
        """Quality that is reached with probability ``level``, by a bootstrap over rows.

        The same rows are drawn for both networks, so that what they share cancels out: the bound
        is the dense quality plus a quantile of the differences (Efron & Tibshirani 1993).

        Args:
            outputs, dense: the outputs of a network and of the dense one for the same rows.
        """
        metric = METRICS[self.metric]
        generator = torch.Generator().manual_seed(0)
        differences = []
        for _ in range(RESAMPLES):
            rows = torch.randint(len(targets), (len(targets),), generator=generator)
            drawn = targets[rows]
            differences.append(metric(outputs[rows], drawn) - metric(dense[rows], drawn))
        quantile = torch.tensor(differences, dtype=torch.float64).quantile(1 - level).item()
        return metric(dense, targets) + quantile
