"""Parameters of a study: its tasks, and everything beside the methods."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from prunestudy.data.settings import Data
from prunestudy.evaluation.references.settings import REFERENCES
from prunestudy.networks.architectures.settings import Network
from prunestudy.networks.settings import Latency
from prunestudy.params.report_settings import NO_OTHER_NAMES, Report
from prunestudy.pruning.controller.settings import Requirements
from prunestudy.pruning.settings import Baseline, Method, OpenLoop
from prunestudy.settings.base import (
    MOST_TASKS,
    Compression,
    Name,
    OneOf,
    Params,
    Seed,
    StudyName,
    ascending,
    unique,
)
from prunestudy.training.losses.settings import Loss, loss_info, loss_name
from prunestudy.training.metrics.settings import (
    METRICS,
    Metric,
    MetricInfo,
    MetricSettings,
    metric_info,
    metric_name,
)
from prunestudy.training.settings import Compute, Retraining, Training

RESERVED_METHODS = ("dense",)
Compressions = Annotated[list[Compression], AfterValidator(ascending)]
MOST_POINTS = 100
MOST_METRICS = 50
# Folders of the default study's report, which lies in reports/ itself.
RESERVED_STUDIES = ("tables", "figures", "paper")


def _retraining_optional(schema: dict[str, Any]) -> None:
    schema["required"].remove("retraining")


def _different_metrics(metrics: list[str | MetricSettings]) -> list[str | MetricSettings]:
    unique([metric_name(one) for one in metrics])
    return metrics


class Task(Params):
    """A data set, a network, a loss, a metric and requirements."""

    model_config = ConfigDict(json_schema_extra=_retraining_optional)

    data: Data = Field(description="data set and split")
    network: Network = Field(description="architecture of the dense network")
    loss: Loss = Field(
        description="what training minimises: its name, or its name with options; your own is a "
        "function of outputs and targets that gives a tensor of one number",
        examples=["mse"],
    )
    metric: Metric = Field(
        description="quality, by which everything is decided; mae and rmse are in standard "
        "deviations of the target, log_loss in nats; your own is a function of outputs and targets "
        "that gives a number",
        examples=["r2"],
    )
    metrics: Annotated[list[Metric], AfterValidator(_different_metrics)] | None = Field(
        None,
        min_length=1,
        max_length=MOST_METRICS,
        description="further metrics that are reported, and decide nothing",
        examples=[["balanced_accuracy"]],
    )
    reference: Annotated[str, OneOf(tuple(REFERENCES))] | None = Field(
        None,
        description="model of scikit-learn that the dense network is held against, trained on the "
        "same rows; svc gives no probabilities, and so fits no metric that reads some",
        examples=["svc"],
    )
    training: Training = Field(description="training of the dense network")
    retraining: Retraining = Field(
        description="retraining of every pruned network, the same total for every method; what it "
        "does not say is as in training"
    )
    requirements: Requirements = Field(
        default_factory=Requirements,
        description="limits for closed loops, and for methods that bisect",
    )
    compressions: Compressions | None = Field(
        None,
        min_length=1,
        max_length=MOST_POINTS,
        description="parameters dense ÷ pruned of the task's own operating points, for every "
        "method; the last ends the range of the area (none: the study's)",
        examples=[[2, 4, 8, 16]],
    )

    @model_validator(mode="before")
    @classmethod
    def _retraining_inherits(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("training"), dict):
            return given
        own = given.get("retraining", {})
        if not isinstance(own, dict):
            return given
        return {**given, "retraining": {**given["training"], **own}}

    @model_validator(mode="after")
    def _metric_fits_loss(self) -> Self:
        target, name = loss_info(self.loss_name).target, self.metric_name
        if target is not None and target not in self.metric_info.targets:
            fitting = [one for one, info in METRICS.items() if target in info.targets]
            raise ValueError(
                f"metric '{name}' does not fit loss '{self.loss_name}'; "
                f"those that do: {', '.join(fitting)}"
            )
        if name in map(metric_name, self.metrics or ()):
            raise ValueError(f"metrics: '{name}' is the task's metric already; leave it out")
        return self

    @property
    def loss_name(self) -> str:
        """The name of the loss, or the dotted path of the user's own."""
        return loss_name(self.loss)

    @property
    def metric_name(self) -> str:
        """The name of the metric, or the dotted path of the user's own."""
        return metric_name(self.metric)

    @property
    def metric_info(self) -> MetricInfo:
        """What is known of the metric."""
        return metric_info(self.metric)


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
        description="name of the study, and of its folders", examples=["my-study"]
    )
    seeds: Annotated[list[Seed], AfterValidator(unique)] = Field(
        min_length=1,
        max_length=1000,
        description="one dense network and its prunings a seed",
        examples=[[0, 1, 2, 3, 4]],
    )
    compressions: Compressions = Field(
        default=[2.0, 4.0, 8.0, 16.0, 32.0],
        min_length=1,
        max_length=MOST_POINTS,
        description="parameters dense ÷ pruned of the operating points",
    )
    tasks: dict[Name, Task] = Field(
        min_length=1,
        max_length=MOST_TASKS,
        description="what is learned",
        json_schema_extra=NO_OTHER_NAMES,
    )
    methods: Annotated[dict[Name, Method], AfterValidator(_unreserved)] = Field(
        min_length=1,
        max_length=1000,
        description="how it is pruned",
        json_schema_extra=NO_OTHER_NAMES,
    )
    latency: Latency = Field(default_factory=Latency, description="timing of inference")
    compute: Compute = Field(default_factory=Compute, description="where training runs")
    report: Report = Field(
        default_factory=Report, description="what the report compares, and its words"
    )

    def compressions_of(self, task: str) -> list[float]:
        """Compressions of a task's operating points, ascending: its own, or else the study's."""
        return self.tasks[task].compressions or self.compressions

    def repeated_by(self, method: str) -> OpenLoop | None:
        """What a baseline computes anew at each operating point, if it names a fixed method."""
        chosen = self.methods[method]
        if not isinstance(chosen, Baseline) or chosen.method is None:
            return None
        found = self.methods[chosen.method]
        assert isinstance(found, OpenLoop), "that it is one is checked when a study is read"
        return found.model_copy(update={"tasks": None, "bisect": None})

    def fold_of(self, task: str, seed: int) -> tuple[int, int] | None:
        """Repeat and fold, from 0, whose rows test a task's networks of a seed; none of one split.

        Folds are dealt to the seeds in their order, so the first ``folds`` seeds are repeat 0.
        """
        folds = self.tasks[task].data.split.folds
        return None if folds is None else divmod(self.seeds.index(seed), folds)
