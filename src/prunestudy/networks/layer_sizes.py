"""How large the layers of a dense network are, by its architecture; no torch here."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Layer:
    """How large a layer of a dense network is.

    Attributes:
        inputs: units that it reads.
        outputs: units that it has.
        params: numbers that are trained, those of a BatchNorm behind it included.
        macs: multiply–adds for one input.
        kept: numbers that a training keeps of one input until its gradients are there.
    """

    inputs: int
    outputs: int
    params: int
    macs: int
    kept: int


@dataclass(frozen=True)
class Indices:
    """Inputs that are indices, of words or of categories.

    Attributes:
        categories: how many indices each categorical column has.
        vocabulary: how many indices a word has.
    """

    categories: tuple[int, ...] = ()
    vocabulary: int = 0


NO_INDICES = Indices()


def linear(inputs: int, outputs: int) -> Layer:
    """With biases."""
    return Layer(inputs, outputs, inputs * outputs + outputs, inputs * outputs, outputs)


def linears(widths: Sequence[int]) -> list[Layer]:
    """One from each width to the next."""
    return [linear(*pair) for pair in pairwise(widths)]


def convolution(
    inputs: int, outputs: int, side: int, positions: int, batch_norm: bool = True
) -> Layer:
    """A convolution of side × side without bias, and BatchNorm; or with bias alone."""
    weights = inputs * outputs * side**2
    more = 2 * outputs if batch_norm else outputs
    # Both the input of BatchNorm and its output are kept.
    kept = outputs * positions * (2 if batch_norm else 1)
    return Layer(inputs, outputs, weights + more, weights * positions, kept)


def embedding(indices: int, size: int, lookups: int = 1) -> Layer:
    """A row of so many numbers an index, looked up so often."""
    return Layer(1, size, indices * size, 0, lookups * size)


def embedding_size(indices: int) -> int:
    """Numbers that stand for a category: half as many as there are indices, at most 50."""
    return min(50, (indices + 1) // 2)


def text_convolution(inputs: int, outputs: int, kernel: int, positions: int) -> Layer:
    """A convolution over words with bias; its output and what ReLU makes of it are kept."""
    weights = inputs * outputs * kernel
    return Layer(inputs, outputs, weights + outputs, weights * positions, 2 * outputs * positions)
