"""Parameters of a study: its tasks, and everything beside the methods."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import Method
from prunestudy.settings.base import (
    Count,
    Epochs,
    Name,
    NotNegative,
    Params,
    Point,
    Positive,
    Seed,
    Share,
    StudyName,
    Width,
    ascending,
    unique,
)

DatasetName = Literal["diabetes", "digits", "wdbc", "fashion_mnist"]
Loss = Literal["mse", "cross_entropy"]
Metric = Literal["r2", "accuracy"]
LrSchedule = Literal["constant", "cosine", "one_cycle"]

METRICS_OF_LOSS: dict[str, tuple[str, ...]] = {"mse": ("r2",), "cross_entropy": ("accuracy",)}
RESERVED_METHODS = ("dense",)
# Folders of the default study's report, which lies in reports/ itself.
RESERVED_STUDIES = ("tables", "figures", "paper")


class Split(Params):
    """How a data set is divided, once per task."""

    validation: Share = Field(0.2, description="share of all rows for decisions while pruning")
    test: Share = Field(0.25, description="share of all rows for the final figures, read once")
    seed: Seed = Field(0, description="seed of the split")

    @model_validator(mode="after")
    def _leave_training_rows(self) -> Self:
        if self.validation + self.test > 0.9:
            raise ValueError("validation and test together leave less than 0.1 for training")
        return self


class Data(Params):
    """A data set of the catalogue and its split."""

    name: DatasetName = Field(description="data set of the catalogue")
    train_rows: Count | None = Field(
        None, description="use only this many training rows (none: all of them)"
    )
    split: Split = Field(default_factory=Split, description="train / validation / test")


class Mlp(Params):
    """Fully connected layers with ReLU between them."""

    name: Literal["mlp"] = Field("mlp", description="fully connected network")
    hidden: list[Width] = Field(
        description="units of each hidden layer", min_length=1, max_length=64
    )


class Cnn(Params):
    """Blocks of 3×3 convolution, BatchNorm, ReLU and 2×2 pooling, then a linear classifier."""

    name: Literal["cnn"] = Field("cnn", description="convolutional network with BatchNorm")
    channels: list[Width] = Field(
        description="channels of each convolution", min_length=1, max_length=64
    )


class LeNet300(Params):
    """LeNet-300-100: two hidden layers, 266,610 parameters on 28×28 images of ten classes."""

    name: Literal["lenet_300_100"] = Field("lenet_300_100", description="fully connected LeNet")


class LeNet5(Params):
    """LeNet-5 with 20 and 50 channels of 5×5 and 500 neurons (431,080 parameters on 28×28)."""

    name: Literal["lenet_5"] = Field("lenet_5", description="convolutional LeNet")


class ResNet(Params):
    """ResNet for small images with shortcuts that have no parameters; depth 20 has n = 3."""

    name: Literal["resnet"] = Field("resnet", description="residual network for small images")
    depth: Literal[8, 14, 20, 32, 44, 56] = Field(20, description="layers, 6 n + 2")


Network = Annotated[Mlp | Cnn | LeNet300 | LeNet5 | ResNet, Field(discriminator="name")]
WITH_BATCH_NORM = (Cnn, ResNet)


class Training(Params):
    """Optimiser, learning rate and length of one training."""

    optimizer: Literal["adam", "sgd"] = Field("adam", description="sgd has momentum 0.9")
    lr: Positive = Field(1e-3, le=100, description="peak learning rate")
    lr_schedule: LrSchedule = Field("constant", description="over all epochs of the training")
    batch_size: Count = Field(64, description="rows of a batch")
    epochs: Epochs = Field(description="passes over the training rows")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty of the optimiser")


class Task(Params):
    """A data set, a network, a loss, a metric and requirements."""

    data: Data = Field(description="data set and split")
    network: Network = Field(description="architecture of the dense network")
    loss: Loss = Field(description="what training minimises")
    metric: Metric = Field(description="quality, higher is better")
    training: Training = Field(description="training of the dense network")
    retraining: Training = Field(
        description="retraining of every pruned network: the same total for every method"
    )
    requirements: Requirements = Field(
        default_factory=Requirements, description="limits for the adaptive methods"
    )

    @model_validator(mode="after")
    def _metric_fits_loss(self) -> Self:
        allowed = METRICS_OF_LOSS[self.loss]
        if self.metric not in allowed:
            raise ValueError(f"metric '{self.metric}' does not fit loss '{self.loss}'")
        return self


Repeats = Annotated[int, Field(ge=3, le=1_000_000)]


class Latency(Params):
    """How inference time is measured; every network interleaved with its dense one."""

    repeats: Repeats = Field(15, description="timed runs of each network and batch size")
    warmup: Count = Field(3, description="runs before timing starts")


class Compute(Params):
    """Where training runs."""

    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto uses a GPU when there is one"
    )


class Claims(Params):
    """What others claim for ``adaptive`` against ``traditional``, for the report to test."""

    source: str = Field("others", description="who claims it, in words for the finding")
    params: Positive | None = Field(None, description="parameters, adaptive ÷ traditional")
    time: Positive | None = Field(None, description="inference time, adaptive ÷ traditional")

    @model_validator(mode="after")
    def _say_one(self) -> Self:
        if self.params is None and self.time is None:
            raise ValueError("names no claim; give params, time, or both, or leave claims out")
        return self


class Report(Params):
    """The words on the report; editing them reruns the report alone."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        "Adaptive against traditional pruning", description="title of the report"
    )
    authors: list[str] = Field(default=[], description="authors of the study")
    code: str = Field("", description="address of the study's code, for readers of the report")
    confidence: Share = Field(0.95, description="level of every interval")
    claims: Claims | None = Field(
        None,
        description="ratios that others claim; the finding says what the intervals make of them",
    )


def _unreserved(methods: dict[str, Method]) -> dict[str, Method]:
    for name in RESERVED_METHODS:
        if name in methods:
            raise ValueError(f"method name '{name}' is reserved for the unpruned network")
    return methods


def _free_name(name: str) -> str:
    if name in RESERVED_STUDIES:
        raise ValueError(f"study name '{name}' is reserved for a folder of the report")
    return name


class Study(Params):
    """A whole study."""

    name: Annotated[StudyName, AfterValidator(_free_name)] = Field(
        description="name of the study, and of its folders"
    )
    seeds: Annotated[list[Seed], AfterValidator(unique)] = Field(
        min_length=1, max_length=1000, description="one dense network and its prunings a seed"
    )
    points: Annotated[list[Point], AfterValidator(ascending)] = Field(
        default=[2.0, 4.0, 8.0, 16.0, 32.0],
        min_length=1,
        max_length=100,
        description="operating points: parameters dense ÷ pruned",
    )
    tasks: dict[Name, Task] = Field(min_length=1, description="what is learned")
    methods: Annotated[dict[Name, Method], AfterValidator(_unreserved)] = Field(
        min_length=1, description="how it is pruned"
    )
    latency: Latency = Field(default_factory=Latency, description="timing of inference")
    compute: Compute = Field(default_factory=Compute, description="where training runs")
    report: Report = Field(default_factory=Report, description="the report's words")
