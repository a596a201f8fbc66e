"""Distillation: the dense network's answers as part of what a pruned network learns."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.data.tensors import Split
from prunestudy.training.objective import Objective


@dataclass(frozen=True)
class Teacher:
    """A dense network as teacher (Hinton et al. 2015, arXiv:1503.02531).

    Attributes:
        temperature: softens both networks' classes; has no meaning for values.
        weight: share of the loss that follows the teacher, 0 … 1; the targets have the rest.
    """

    network: nn.Module
    temperature: float
    weight: float

    def answer(self, part: Split, objective: Objective) -> Split:
        """The part with the teacher's outputs (n × outputs, before softmax) as guide.

        Rows are never augmented, so one pass serves every epoch.
        """
        # A copy, since tensors of inference mode cannot take part in training.
        guide = objective.outputs(self.network, part).clone()
        return replace(part, guide=guide.to(part.inputs.device))

    def blended(self, objective: Objective, loss: Tensor, outputs: Tensor, guide: Tensor) -> Tensor:
        """The targets' loss and the distance to the teacher, by weight.

        For classes the distance is the Kullback–Leibler divergence of the softened classes,
        times the squared temperature so that gradients keep their size; for several labels the
        binary cross-entropy of each, likewise; for values the loss itself.
        """
        if objective.kind == "value":
            distance = objective.loss_of(outputs, guide)
        elif objective.kind == "labels":
            distance = self.temperature**2 * functional.binary_cross_entropy_with_logits(
                outputs / self.temperature, torch.sigmoid(guide / self.temperature)
            )
        else:
            distance = self.temperature**2 * functional.kl_div(
                functional.log_softmax(outputs / self.temperature, dim=1),
                functional.log_softmax(guide / self.temperature, dim=1),
                reduction="batchmean",
                log_target=True,
            )
        return (1 - self.weight) * loss + self.weight * distance
