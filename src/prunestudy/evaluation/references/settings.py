"""What each reference is for, and how people write it; scikit-learn is not imported here."""

from dataclasses import dataclass
from typing import Literal

from prunestudy.data.settings import Kind

# Of columns of text alone, the texts themselves; else what a network of numbers reads.
Reads = Literal["numbers", "text"]


@dataclass(frozen=True)
class ReferenceInfo:
    """What is known of a reference before it is loaded.

    Attributes:
        targets: the kinds of targets that it takes.
        label: its name in texts.
        source: what a paper should cite.
        probabilities: whether it gives them; what another decides by stands for outputs.
    """

    targets: tuple[Kind, ...]
    label: str
    source: str
    reads: Reads = "numbers"
    probabilities: bool = True


REFERENCES: dict[str, ReferenceInfo] = {
    "hist_gradient_boosting": ReferenceInfo(
        ("value", "class"), "gradient boosting", "Friedman 2001"
    ),
    "logistic": ReferenceInfo(("class", "labels"), "logistic regression", "Cox 1958"),
    "ridge": ReferenceInfo(("value",), "ridge regression", "Hoerl & Kennard 1970"),
    "svc": ReferenceInfo(
        ("class",), "support vector machine", "Cortes & Vapnik 1995", probabilities=False
    ),
    "tfidf_logistic": ReferenceInfo(
        ("class",), "logistic regression on TF–IDF", "Sparck Jones 1972", "text"
    ),
}
