"""Parameters of the report: what it compares, and its words."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from prunestudy.settings.base import Name, NotNegative, Params, Positive, Share
from prunestudy.settings.dotted import LONGEST_PATH
from prunestudy.training.metrics.settings import METRICS

# Margins of practical equivalence by metric; ``ratio``: of sizes and times. Other metrics have one
# of their own (training/metrics/settings.py).
MARGINS = {"accuracy": 0.002, "r2": 0.01, "ratio": 0.05}
# The name of a metric, or a dotted path.
METRIC_NAME = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"


class Claims(Params):
    """What others claim for a question, for the report to test."""

    source: str = Field(
        "others", max_length=500, description="who claims it, in words for the finding"
    )
    params: Positive | None = Field(
        None, le=1_000_000, description="parameters, method ÷ against", examples=[0.5]
    )
    time: Positive | None = Field(
        None, le=1_000_000, description="inference time, method ÷ against", examples=[0.5]
    )

    @model_validator(mode="after")
    def _say_one(self) -> Self:
        if self.params is None and self.time is None:
            raise ValueError("names no claim; give params, time, or both, or leave claims out")
        return self


class Question(Params):
    """Two methods whose comparison is what the study is for."""

    method: Name = Field(description="the method that is asked about", examples=["adaptive"])
    against: Name = Field(
        description="the method that it is compared with", examples=["traditional"]
    )
    claims: Claims | None = Field(
        None,
        description="ratios that others claim; the finding says what the intervals make of them",
    )

    @model_validator(mode="after")
    def _two_methods(self) -> Self:
        if self.method == self.against:
            raise ValueError(f"compares '{self.method}' with itself; name two methods")
        return self

    @property
    def pair(self) -> tuple[str, str]:
        """The method, and the one that it is compared with."""
        return self.method, self.against

    @property
    def source(self) -> str:
        """Who claims its ratios; nobody where none are claimed."""
        return self.claims.source if self.claims else ""

    @property
    def claimed(self) -> dict[str, float]:
        """The claimed ratios, by measure: ``params``, ``time``."""
        return self.claims.model_dump(exclude_none=True, exclude={"source"}) if self.claims else {}


# Of a mapping by names: nothing that is no name.
NO_OTHER_NAMES: dict[str, Any] = {"additionalProperties": False}
Questions = Annotated[list[Question], Field(max_length=100)]


def _with_defaults(given: Any) -> Any:
    return {**MARGINS, **given} if isinstance(given, dict) else given


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, dict | Question) else given


def _different(questions: list[Question]) -> list[Question]:
    if len({frozenset(question.pair) for question in questions}) < len(questions):
        raise ValueError("a pair of methods is compared once, in one direction")
    return questions


class Report(Params):
    """What the report compares, and its words; editing them reruns the report alone."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        "A pruning study", description="title of the report"
    )
    authors: list[Annotated[str, StringConstraints(max_length=200)]] = Field(
        default=[], max_length=1000, description="authors of the study", examples=[["A. Author"]]
    )
    code: str = Field(
        "",
        max_length=2000,
        description="address of the study's code, for readers of the report",
        examples=["https://example.org/study"],
    )
    confidence: Share = Field(0.95, description="level of every interval")
    margins: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=METRIC_NAME, max_length=LONGEST_PATH)],
            Annotated[NotNegative, Field(le=1_000_000)],
        ],
        Field(max_length=100),
        BeforeValidator(_with_defaults),
    ] = Field(
        default=MARGINS,
        description="by metric, the largest difference that is none in practice; ratio: of sizes "
        "and times, as a share; what is not named keeps its default: 0.002 of other shares, 0.005 "
        "of mae, rmse and log_loss, none of your own",
        examples=[{"accuracy": 0.001}],
        json_schema_extra=NO_OTHER_NAMES,
    )
    compare: Annotated[
        Questions,
        BeforeValidator(_listed, json_schema_input_type=Question | Questions),
        AfterValidator(_different),
    ] = Field(
        default=[],
        description="the study's questions, one or a list; the first one leads",
    )

    def margin(self, metric: str) -> float:
        """The margin of practical equivalence of a metric, or of ``ratio``; 0 where none is set."""
        return margin_of(self.margins, metric)


def margin_of(margins: Mapping[str, float], metric: str) -> float:
    """A metric's margin, among those that are given, or its own; 0 of what is not known."""
    known = METRICS.get(metric)
    return margins.get(metric, known.margin if known else 0.0)
