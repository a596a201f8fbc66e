"""One colour and one shape a method, the same in every figure (Okabe and Ito's palette)."""

from dataclasses import dataclass

from prunestudy.analysis.inputs import TRADITIONAL, Inputs
from prunestudy.store.names import DENSE

VERMILLION, BLUE, GREY = "#D55E00", "#0072B2", "#7F7F7F"
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#A6761D", "#8C6BB1")
SHAPES = ("triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
SYMBOLS = {
    "circle": "●",
    "square": "■",
    "triangle-up": "▲",
    "diamond": "◆",
    "triangle-down": "▼",
    "cross": "✚",
    "triangle-right": "▶",
    "triangle-left": "◀",
}


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    method: str
    colour: str
    shape: str
    emphasis: bool

    @property
    def symbol(self) -> str:
        """The shape as a character, for legends in text."""
        return SYMBOLS[self.shape]


def looks(inputs: Inputs) -> list[Look]:
    """The look of every method, in the order of the study.

    The reference method stands out; ``random`` recedes; the rest take what is left in turn.
    """
    fixed = {
        "random": (GREY, "cross"),
        inputs.reference: (VERMILLION, "circle"),
        TRADITIONAL: (BLUE, "square"),
    }
    found = []
    turn = 0
    for method in inputs.methods:
        if method not in fixed:
            # Once around the colours, the shapes move on by one: each pair comes up once.
            shape = SHAPES[(turn + turn // len(OTHERS)) % len(SHAPES)]
            fixed[method] = (OTHERS[turn % len(OTHERS)], shape)
            turn += 1
        found.append(Look(method, *fixed[method], emphasis=method == inputs.reference))
    return found


def dense_look() -> Look:
    """The dense network is neutral."""
    return Look(DENSE, GREY, "square", emphasis=False)
