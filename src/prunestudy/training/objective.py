"""Losses and quality metrics, and how a network scores on rows it has not trained on.

Quality is a metric turned so that higher is better: of one that is lower the better, its negative.
So whoever decides by quality needs to know of no direction; tables and people get the metric.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor, nn

from prunestudy.data.tensors import Prepared, Split
from prunestudy.errors import StudyError
from prunestudy.settings.base import name_of
from prunestudy.settings.parts import is_dotted, load_function, load_part
from prunestudy.training.class_weights import weights_of
from prunestudy.training.losses.settings import Kind, LossSettings
from prunestudy.training.metrics.settings import MetricSettings

Loss = Callable[..., Tensor]
MetricOf = Callable[[Tensor, Tensor], float]
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


def metric_function(metric: str | MetricSettings) -> MetricOf:
    """A metric as a function of outputs and targets, in its own direction.

    The user's own may fail, or give NaN, where outputs are not finite or the same for all rows, as
    a correlation does: it is NaN there. Elsewhere that is a StudyError, which names the metric.
    """
    name = name_of(metric)
    if not is_dotted(name):
        found: MetricOf = load_part(METRICS, name).metric
        return found
    function = load_function(name)

    def own(outputs: Tensor, targets: Tensor) -> float:
        if not outputs.isfinite().all():
            return float("nan")
        try:
            value = float(function(outputs.cpu(), targets.cpu()))
        except Exception as error:
            if _constant(outputs):
                return float("nan")
            raise StudyError(f"metric {name} failed: {type(error).__name__}: {error}") from error
        if math.isnan(value) and not _constant(outputs):
            raise StudyError(
                f"metric {name} gives no number on {len(targets)} rows, though all outputs are"
            )
        return value

    return own


@dataclass(frozen=True)
class Objective:
    """What a task minimises and what it calls quality.

    Attributes:
        target: the kind of the task's targets, where the loss takes several.
        weights: of the classes, or labels, where the loss has some.
    """

    loss: str | LossSettings
    metric: str | MetricSettings
    target: Kind | None = None
    weights: tuple[float, ...] | None = None

    def fitted(self, prepared: Prepared) -> "Objective":
        """The same with what it takes from the training rows."""
        target = prepared.description.get("target")
        return replace(self, target=target, weights=weights_of(self.loss, prepared))

    @property
    def kind(self) -> Kind:
        """The kind of its targets."""
        loss = name_of(self.loss)
        known: Kind | None = None if is_dotted(loss) else load_part(LOSSES, loss).TARGET
        return known or self.target or "value"

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the metric is better."""
        if isinstance(self.metric, MetricSettings):
            return self.metric.higher_is_better
        return getattr(load_part(METRICS, self.metric), "HIGHER_IS_BETTER", True)

    def shown(self, quality: float) -> float:
        """The metric that a quality stands for; and the other way round."""
        return quality if self.higher_is_better else 0.0 - quality

    def told(self, quality: float) -> str:
        """The metric that a quality stands for, to four decimals."""
        return f"{self.shown(quality):.4f}"

    def beside(self, quality: float, least: float, name: str = "") -> str:
        """Whether a quality reaches another, such as ``0.9100 ≥ budget 0.9000``."""
        reached, missed = ("≥", "<") if self.higher_is_better else ("≤", ">")
        sign = reached if quality >= least else missed
        return f"{self.told(quality)} {sign} {name}{self.told(least)}"

    @cached_property
    def _loss(self) -> Loss:
        name = name_of(self.loss)
        if is_dotted(name):
            return _checked_loss(name, load_function(name))
        found: Loss = load_part(LOSSES, name).loss
        return found

    @cached_property
    def _options(self) -> dict[str, object]:
        options = {} if isinstance(self.loss, str) else self.loss.options
        return {name: value for name, value in options.items() if name != "class_weights"}

    @cached_property
    def _metric(self) -> MetricOf:
        metric = metric_function(self.metric)
        if self.higher_is_better:
            return metric
        return lambda outputs, targets: 0.0 - metric(outputs, targets)

    def loss_of(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, differentiable."""
        if self.weights is None:
            return self._loss(outputs, targets, **self._options)
        weights = torch.tensor(self.weights, dtype=outputs.dtype, device=outputs.device)
        return self._loss(outputs, targets, weights=weights, **self._options)

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
        metric, on_drawn = self._metric, _where_defined(self._metric)
        generator = torch.Generator().manual_seed(0)
        differences = []
        for _ in range(RESAMPLES):
            rows = torch.randint(len(targets), (len(targets),), generator=generator)
            drawn = targets[rows]
            differences.append(on_drawn(outputs[rows], drawn) - on_drawn(dense[rows], drawn))
        # Rows may be drawn on which a metric has no value, as without a row of a class.
        found = torch.tensor(differences, dtype=torch.float64)
        found = found[~found.isnan()]
        quantile = found.quantile(1 - level).item() if len(found) else math.nan
        return metric(dense, targets) + quantile


def _constant(outputs: Tensor) -> bool:
    """Whether all rows are answered alike."""
    return bool((outputs == outputs[:1]).all())


def _where_defined(metric: MetricOf) -> MetricOf:
    """A metric that is NaN on rows where it is an error, as one of the user's own may be."""

    def found(outputs: Tensor, targets: Tensor) -> float:
        try:
            return metric(outputs, targets)
        except StudyError:
            return math.nan

    return found


def _checked_loss(name: str, function: Loss) -> Loss:
    """A loss of the user's, whose errors name it."""

    def own(outputs: Tensor, targets: Tensor) -> Tensor:
        try:
            found = function(outputs, targets)
        except Exception as error:
            raise StudyError(f"loss {name} failed: {type(error).__name__}: {error}") from error
        if not isinstance(found, Tensor) or found.dim():
            kind = type(found).__name__
            told = f"of shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"({kind})"
            raise StudyError(f"loss {name} must give a tensor of one number, not one {told}")
        return found

    return own
