"""Losses and quality metrics, and how a network scores on rows it has not trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Split
from prunestudy.settings.parts import load_part

LOSSES = "prunestudy.training.losses"
METRICS = "prunestudy.training.metrics"
# Small enough for activations to stay in the processor's cache; on a GPU, large enough to fill it.
EVALUATION_BATCH = 100
GPU_BATCH = 1000
RESAMPLES = 300
# Dimensions of a batch of images: rows, channels, height, width.
IMAGES = 4


def channels_last(inputs: Tensor) -> Tensor:
    """Images with their channels last in memory: convolutions on a CPU are up to twice as fast."""
    return inputs.to(memory_format=torch.channels_last) if inputs.dim() == IMAGES else inputs


@dataclass(frozen=True)
class Objective:
    """What a task minimises and what it calls quality (higher is better)."""

    loss: str
    metric: str

    @cached_property
    def _loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        return load_part(LOSSES, self.loss).loss

    @cached_property
    def _metric(self) -> Callable[[Tensor, Tensor], float]:
        return load_part(METRICS, self.metric).metric

    def loss_of(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, differentiable."""
        return self._loss(outputs, targets)

    def outputs(self, network: nn.Module, part: Split) -> Tensor:
        """The network's outputs for all rows of a part, in evaluation mode; n × outputs.

        They are on the network's device, wherever the rows are: sums over them are taken there.
        """
        training = network.training
        network.eval()
        device = next(network.parameters()).device
        with torch.inference_mode():
            batches = part.inputs.split(EVALUATION_BATCH if device.type == "cpu" else GPU_BATCH)
            found = torch.cat([network(channels_last(rows.to(device))) for rows in batches])
        network.train(training)
        return found

    def evaluate(self, network: nn.Module, part: Split) -> tuple[float, float]:
        """Loss and quality over all rows of a part, in evaluation mode."""
        return self.scores(self.outputs(network, part), part.targets)

    def scores(self, outputs: Tensor, targets: Tensor) -> tuple[float, float]:
        """Loss and quality of outputs, on the device of these."""
        targets = targets.to(outputs.device)
        with torch.inference_mode():
            loss = self.loss_of(outputs, targets).item()
        return loss, self._metric(outputs, targets)

    def lower_bound(self, outputs: Tensor, dense: Tensor, targets: Tensor, level: float) -> float:
        """Quality that is reached with probability ``level``, by a bootstrap over rows.

        The same rows are drawn for both networks, so that what they share cancels out: the bound
        is the dense quality plus a quantile of the differences (Efron & Tibshirani 1993).

        Args:
            outputs, dense: the outputs of a network and of the dense one for the same rows.
        """
        metric = self._metric
        generator = torch.Generator().manual_seed(0)
        differences = []
        for _ in range(RESAMPLES):
            rows = torch.randint(len(targets), (len(targets),), generator=generator)
            drawn = targets[rows]
            differences.append(metric(outputs[rows], drawn) - metric(dense[rows], drawn))
        quantile = torch.tensor(differences, dtype=torch.float64).quantile(1 - level).item()
        return metric(dense, targets) + quantile
