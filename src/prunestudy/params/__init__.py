"""Typed parameters: the one place that says what may be written in ``params.yaml``.

Nothing here computes a number of a study, so these types stay out of the source digests; their
values enter the run keys instead.
"""

from prunestudy.params.study import (
    Claims,
    Cnn,
    Compute,
    Data,
    Latency,
    LeNet5,
    LeNet300,
    Mlp,
    Report,
    Requirements,
    ResNet,
    Split,
    Study,
    Task,
    Training,
)
from prunestudy.pruning.method_parts import Controller, Distillation, Regulariser, Sharing
from prunestudy.pruning.settings import Method
from prunestudy.settings.base import Params, plain

__all__ = [
    "Claims",
    "Cnn",
    "Compute",
    "Controller",
    "Data",
    "Distillation",
    "Latency",
    "LeNet5",
    "LeNet300",
    "Method",
    "Mlp",
    "Params",
    "Regulariser",
    "Report",
    "Requirements",
    "ResNet",
    "Sharing",
    "Split",
    "Study",
    "Task",
    "Training",
    "plain",
]
