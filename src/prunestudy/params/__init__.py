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
    ResNet,
    Split,
    Study,
    Task,
    Training,
)
from prunestudy.pruning.controller.settings import Controller, Requirements
from prunestudy.pruning.regularisers.settings import Regulariser
from prunestudy.pruning.retraining.settings import Distillation
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, OpenLoop, Sharing
from prunestudy.settings.base import Params, plain

__all__ = [
    "Baseline",
    "Claims",
    "ClosedLoop",
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
    "OpenLoop",
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
