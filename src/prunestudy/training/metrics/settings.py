"""What each metric is for, which way it points, and how people write it; no torch here."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from prunestudy.settings.base import Params, unknown_name
from prunestudy.settings.dotted import DOTTED, LONGEST_PATH, OWN, OWN_FUNCTION
from prunestudy.training.losses.settings import Kind


@dataclass(frozen=True)
class MetricInfo:
    """What is known of a metric before it is loaded.

    Attributes:
        targets: the kinds of targets that it takes.
        label: its name in texts and charts.
        scikit_learn: its function in ``sklearn.metrics``, for the chance level; empty: its own.
        higher_is_better: whether more of it is better.
        margin: the largest difference that is none in practice, unless the report says another.
        every_class: whether it has a value only on rows that hold each class, or both answers to
            each label.
        classes: the fewest classes that it tells anything of.
        best: its best value; of the user's own nobody knows.
        unit: of what its values are, where it is not plain.
        probabilities: the fewest classes of which it reads probabilities, not what is largest.
    """

    targets: tuple[Kind, ...]
    label: str
    scikit_learn: str = ""
    higher_is_better: bool = True
    margin: float = 0.002
    every_class: bool = False
    classes: int = 2
    best: float | None = 1.0
    unit: str = ""
    probabilities: int | None = None


# Errors of values and log-losses are in units in which 0.005 is less than 1 % of what a constant
# answer gets: standard deviations of the target, and nats.
ERROR = 0.005
OF_TARGET = "standard deviations of the target"
METRICS: dict[str, MetricInfo] = {
    "r2": MetricInfo(("value",), "R²", "r2_score", margin=0.01),
    "mae": MetricInfo(
        ("value",), "MAE", higher_is_better=False, margin=ERROR, best=0.0, unit=OF_TARGET
    ),
    "rmse": MetricInfo(
        ("value",), "RMSE", higher_is_better=False, margin=ERROR, best=0.0, unit=OF_TARGET
    ),
    "accuracy": MetricInfo(("class",), "accuracy", "accuracy_score"),
    "balanced_accuracy": MetricInfo(("class",), "balanced accuracy", every_class=True),
    "top_5": MetricInfo(("class",), "top-5 accuracy", classes=6),
    "subset_accuracy": MetricInfo(("labels",), "subset accuracy"),
    "macro_f1": MetricInfo(("class", "labels"), "macro F1"),
    "roc_auc": MetricInfo(("class", "labels"), "ROC AUC", every_class=True, probabilities=3),
    "average_precision": MetricInfo(
        ("class", "labels"), "average precision", every_class=True, probabilities=3
    ),
    "log_loss": MetricInfo(
        *(("class", "labels"), "log-loss"),
        higher_is_better=False,
        margin=ERROR,
        best=0.0,
        unit="nats",
        probabilities=2,
    ),
}
ALONE, OF_YOUR_OWN = "the name of a metric", "a metric of your own"


def _metric(value: str) -> str:
    if value in METRICS:
        return value
    if DOTTED.match(value):
        told = f"{{name: {value}, higher_is_better: false}}"
        raise PydanticCustomError(
            "value_error",
            "{error}",
            {"error": f"whether more of it is better must be said, as in {told}"},
        )
    raise unknown_name(value, tuple(METRICS), OWN_FUNCTION)


def _own(value: str) -> str:
    if DOTTED.match(value):
        return value
    if value in METRICS:
        told = f"'{value}' has a direction; write its name alone"
        raise PydanticCustomError("value_error", "{error}", {"error": told})
    raise unknown_name(value, tuple(METRICS), OWN_FUNCTION)


MetricName = Annotated[
    str,
    StringConstraints(max_length=LONGEST_PATH),
    AfterValidator(_metric),
    WithJsonSchema({"enum": list(METRICS)}),
]


class MetricSettings(Params):
    """A function of your own of outputs and targets, both tensors, that gives a number."""

    name: Annotated[
        str, StringConstraints(max_length=LONGEST_PATH), AfterValidator(_own), WithJsonSchema(OWN)
    ] = Field(description="the function", examples=["mymetrics.cost"])
    higher_is_better: bool = Field(description="whether more of it is better", examples=[False])


def _name_alone(given: Any) -> Any:
    known = isinstance(given, dict) and given.keys() == {"name"}
    return given["name"] if known and isinstance(given["name"], str) else given


def _tag(given: Any) -> str:
    return OF_YOUR_OWN if isinstance(given, dict | MetricSettings) else ALONE


Metric = Annotated[
    Annotated[MetricName, Tag(ALONE)] | Annotated[MetricSettings, Tag(OF_YOUR_OWN)],
    Discriminator(_tag),
    BeforeValidator(_name_alone),
]


def metric_name(metric: str | MetricSettings) -> str:
    """The name of a metric, or the dotted path of the user's own."""
    return metric if isinstance(metric, str) else metric.name


def metric_info(metric: str | MetricSettings) -> MetricInfo:
    """What is known of a metric; the user's own takes any targets and has no margin."""
    if isinstance(metric, str):
        return METRICS[metric]
    label = metric.name.rpartition(".")[2].replace("_", " ")
    every: tuple[Kind, ...] = ("value", "class", "labels")
    return MetricInfo(every, label, higher_is_better=metric.higher_is_better, margin=0.0, best=None)
