"""Typed parameters: the one place that says what may be written in ``params.yaml``.

Nothing here computes a number of a study, so these types stay out of the source digests; their
values enter the run keys instead.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

# Names become folder names and table entries, so they are plain and portable.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Width = Annotated[int, Field(ge=1, le=65_536)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Point = Annotated[float, Field(gt=1, le=100_000, allow_inf_nan=False)]


def _unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("entries must not repeat")
    return values


def _ascending(values: list[float]) -> list[float]:
    if sorted(set(values)) != list(values):
        raise ValueError("points must ascend without repeats")
    return values


DatasetName = Literal["diabetes", "digits", "wdbc", "fashion_mnist"]
CriterionName = Literal["random", "magnitude", "gradient", "sensitivity"]
Loss = Literal["mse", "cross_entropy"]
Metric = Literal["r2", "accuracy"]
LrSchedule = Literal["constant", "cosine", "one_cycle"]

METRICS_OF_LOSS: dict[str, tuple[str, ...]] = {"mse": ("r2",), "cross_entropy": ("accuracy",)}
RESERVED_METHODS = ("dense",)
# Folders of the default study's report, which lies in reports/ itself.
RESERVED_STUDIES = ("tables", "figures")


class Params(BaseModel):
    """Base of every parameter group: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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


Network = Annotated[Mlp | Cnn, Field(discriminator="name")]


class Training(Params):
    """Optimiser, learning rate and length of one training."""

    optimizer: Literal["adam", "sgd"] = Field("adam", description="sgd has momentum 0.9")
    lr: Positive = Field(1e-3, le=100, description="peak learning rate")
    lr_schedule: LrSchedule = Field("constant", description="over all epochs of the training")
    batch_size: Count = Field(64, description="rows of a batch")
    epochs: Epochs = Field(description="passes over the training rows")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty of the optimiser")


class Requirements(Params):
    """What the task demands of a pruned network; the adaptive controller works within it."""

    max_drop: NotNegative = Field(
        0.01, description="quality that may be lost on validation data, in units of the metric"
    )
    relative: bool = Field(False, description="read max_drop as a share of the dense quality")


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


class Controller(Params):
    """The closed loop: propose, retrain, evaluate, accept or roll back."""

    criteria: Annotated[list[CriterionName], AfterValidator(_unique)] = Field(
        default=["magnitude", "gradient", "sensitivity"],
        description="criteria that make proposals",
        min_length=1,
    )
    step: Share = Field(0.25, description="first step: share of the parameters freed by a stage")
    max_step: Share = Field(0.5, description="largest step that acceptances may grow to")
    min_step: Share = Field(0.02, description="smallest step; below it the controller stops")
    grow: float = Field(1.25, ge=1, le=10, description="factor on the step after an acceptance")
    shrink: Share = Field(0.5, description="factor on the step after a roll-back")
    patience: Count = Field(4, description="stop after this many roll-backs in a row")
    stages: Count = Field(30, description="stop after this many stages")
    stage_epochs: Epochs = Field(1, description="retraining epochs of a stage")
    trial_batches: Count = Field(4, description="batches of recovery for each proposal")
    walk_share: Share = Field(
        0.6, description="share of the retraining epochs that stages may use; the rest finishes"
    )

    @model_validator(mode="after")
    def _ordered_steps(self) -> Self:
        if not self.min_step <= self.step <= self.max_step:
            raise ValueError("steps must satisfy min_step ≤ step ≤ max_step")
        return self


class Method(Params):
    """A named composition of criterion, granularity, allocation and schedule."""

    criterion: CriterionName | None = Field(
        None, description="importance of a unit; a closed loop names its criteria in controller"
    )
    granularity: Literal["structured"] = Field(
        "structured", description="structured: units are removed physically"
    )
    allocation: Literal["uniform", "global"] = Field(
        "uniform", description="uniform: same ratio in each layer; global: one ranking"
    )
    schedule: Literal["one_shot", "linear", "geometric", "cubic", "closed_loop"] = Field(
        "one_shot", description="how the budget is spread over stages"
    )
    stages: Count | None = Field(None, description="stages of linear, geometric and cubic")
    prune_share: Share = Field(
        0.5, description="share of the retraining epochs over which an iterative schedule prunes"
    )
    floor: float = Field(
        0.05, ge=0, lt=1, description="share of each layer's units that always stays (at least 1)"
    )
    controller: Controller | None = Field(None, description="settings of a closed loop")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.schedule == "closed_loop":
            if self.criterion is not None:
                raise ValueError(
                    "a closed_loop takes its criteria from controller.criteria, not from criterion"
                )
            if self.controller is None:
                raise ValueError("a closed_loop needs controller (write 'controller: {}')")
            if self.stages is not None:
                raise ValueError("a closed_loop takes its stages from controller.stages")
            return self
        if self.criterion is None:
            raise ValueError(f"schedule '{self.schedule}' needs a criterion")
        if self.controller is not None:
            raise ValueError(f"controller belongs to closed_loop, not to '{self.schedule}'")
        if self.schedule == "one_shot" and self.stages is not None:
            raise ValueError("one_shot has one stage; remove stages")
        if self.schedule != "one_shot" and self.stages is None:
            raise ValueError(f"schedule '{self.schedule}' needs stages")
        return self


class Latency(Params):
    """How inference time is measured; every network interleaved with its dense one."""

    repeats: Count = Field(15, ge=3, description="timed runs of each network and batch size")
    warmup: Count = Field(3, description="runs before timing starts")


class Compute(Params):
    """Where training runs."""

    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto uses a GPU when there is one"
    )


class Report(Params):
    """The words on the report; editing them reruns the report alone."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        "Adaptive against traditional pruning", description="title of the report"
    )
    authors: list[str] = Field(default=[], description="authors of the study")
    confidence: Share = Field(0.95, description="level of every interval")


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

    name: Annotated[Name, AfterValidator(_free_name)] = Field(
        description="name of the study, and of its folders"
    )
    seeds: Annotated[list[Seed], AfterValidator(_unique)] = Field(
        min_length=1, max_length=1000, description="one dense network and its prunings a seed"
    )
    points: Annotated[list[Point], AfterValidator(_ascending)] = Field(
        default=[2, 4, 8, 16, 32],
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


def plain(params: Params) -> dict[str, Any]:
    """The values of a parameter group as plain JSON types, defaults included."""
    return params.model_dump(mode="json")
