"""The losses by name: what each is for and what may be set; no torch here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from prunestudy.errors import near
from prunestudy.settings.base import Params, Positive, Share, unknown_name
from prunestudy.settings.dotted import DOTTED, LONGEST_PATH, OWN, OWN_FUNCTION

Kind = Literal["value", "class", "labels"]


@dataclass(frozen=True)
class LossInfo:
    """What is known of a loss before it is loaded.

    Attributes:
        target: the kind of targets that it takes; of the user's own, all.
        label: its name in texts and charts.
        options: what may be set beside its name.
    """

    target: Kind | None
    label: str = ""
    options: tuple[str, ...] = ()


LOSSES: dict[str, LossInfo] = {
    "mse": LossInfo("value", "mean squared error"),
    "mae": LossInfo("value", "mean absolute error"),
    "huber": LossInfo("value", "Huber loss", ("delta",)),
    "cross_entropy": LossInfo("class", "cross-entropy", ("class_weights", "label_smoothing")),
    "binary_cross_entropy": LossInfo("labels", "binary cross-entropy", ("class_weights",)),
}
# What a function of the user's own takes is up to the user.
OF_THE_USER = LossInfo(None)
ALONE, WITH_OPTIONS = "the name of a loss", "a loss with options"


def _loss(value: str) -> str:
    if value in LOSSES or DOTTED.match(value):
        return value
    raise unknown_name(value, tuple(LOSSES), OWN_FUNCTION)


LossName = Annotated[
    str,
    StringConstraints(max_length=LONGEST_PATH),
    AfterValidator(_loss),
    WithJsonSchema({"anyOf": [{"enum": list(LOSSES)}, OWN]}),
]


Weight = Annotated[Positive, Field(le=1_000_000)]


def _names(given: Any) -> Any:
    """Classes by the names that the data set has, which may look like numbers."""
    if not isinstance(given, dict):
        return given
    return {str(name) if type(name) in (int, bool) else name: one for name, one in given.items()}


class LossSettings(Params):
    """What training minimises, with options; without any its name alone says the same."""

    name: LossName = Field(description="what training minimises", examples=["cross_entropy"])
    class_weights: (
        Literal["balanced"]
        | Annotated[list[Weight], Field(min_length=1, max_length=100_000)]
        | Annotated[
            dict[str, Weight],
            Field(min_length=1, max_length=100_000),
            BeforeValidator(_names),
        ]
        | None
    ) = Field(
        None,
        description="cross_entropy: what a row of each class counts, scaled to a mean of one over "
        "the training rows; binary_cross_entropy: what a row with a label counts beside one "
        "without. balanced: by their numbers of training rows; or in the order of the classes, or "
        "by their names, 1 for those that are not named (none: all count alike)",
        examples=["balanced"],
    )
    label_smoothing: Share | None = Field(
        None,
        description="cross_entropy: share of a target that is spread over all classes",
        examples=[0.1],
    )
    delta: Annotated[Positive, Field(le=1_000_000)] | None = Field(
        None,
        description="huber: error up to which it is squared, in standard deviations of the target "
        "(none: 1)",
        examples=[1.0],
    )

    @property
    def options(self) -> dict[str, Any]:
        """What is set beside the name."""
        return self.model_dump(exclude_none=True, exclude={"name"})

    @model_validator(mode="after")
    def _options_belong(self) -> Self:
        for option in self.options:
            if option not in loss_info(self.name).options:
                having = [name for name, info in LOSSES.items() if option in info.options]
                raise ValueError(f"{option} belongs to loss {' or '.join(having)}")
        return self


def _name_alone(given: Any) -> Any:
    return given["name"] if isinstance(given, dict) and given.keys() == {"name"} else given


def _tag(given: Any) -> str:
    return WITH_OPTIONS if isinstance(given, dict | LossSettings) else ALONE


Loss = Annotated[
    Annotated[LossName, Tag(ALONE)] | Annotated[LossSettings, Tag(WITH_OPTIONS)],
    Discriminator(_tag),
    BeforeValidator(_name_alone),
]


def loss_name(loss: str | LossSettings) -> str:
    """The name of a loss, or the dotted path of the user's own."""
    return loss if isinstance(loss, str) else loss.name


def loss_info(name: str) -> LossInfo:
    """What is known of a loss, the user's own included."""
    return LOSSES.get(name, OF_THE_USER)


def loss_label(name: str) -> str:
    """A loss as people write it; the user's own by its function."""
    return loss_info(name).label or name.rpartition(".")[2].replace("_", " ")


def weight_problem(loss: str | LossSettings, classes: Iterable[str]) -> tuple[str, str]:
    """Why class weights do not fit the classes, and a near miss; nothing if they do."""
    weights, known = getattr(loss, "class_weights", None), list(classes)
    if isinstance(weights, list) and len(weights) != len(known):
        return f"has {len(weights)} weights for {len(known)} classes, {', '.join(known)}", ""
    for name in weights if isinstance(weights, dict) else ():
        if name not in known:
            return f"'{name}' is not a class of the data set", near(name, known)
    return "", ""
