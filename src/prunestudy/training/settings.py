"""Settings of trainings: what is minimised, how, and where."""

from typing import Annotated, Literal

from pydantic import Field

from prunestudy.settings.base import Count, Epochs, NotNegative, OneOf, Params, Positive
from prunestudy.training.losses.settings import LOSSES
from prunestudy.training.metrics.settings import METRICS

LossName = Annotated[str, OneOf(LOSSES)]
MetricName = Annotated[str, OneOf(METRICS)]


class Training(Params):
    """Optimiser, learning rate and length of one training."""

    optimizer: Literal["adam", "sgd"] = Field("adam", description="sgd has momentum 0.9")
    lr: Positive = Field(1e-3, le=100, description="peak learning rate")
    lr_schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        "constant", description="over all epochs of the training"
    )
    batch_size: Count = Field(64, description="rows of a batch")
    epochs: Epochs = Field(description="passes over the training rows")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty of the optimiser")


class Compute(Params):
    """Where training runs."""

    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto uses a GPU when there is one"
    )
