"""One colour and one shape a method, the same in every figure (Okabe and Ito's palette)."""

from dataclasses import dataclass

from prunestudy.analysis.inputs import Inputs
from prunestudy.store.names import DENSE

VERMILLION, BLUE, GREY = "#D55E00", "#0072B2", "#7F7F7F"
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#A6761D", "#8C6BB1")
SHAPES = ("triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
# A ring, a cross that is not upright, a large diamond, and a sign of equality.
RING = "M-1,0a1,1,0,1,0,2,0a1,1,0,1,0,-2,0ZM-0.55,0a0.55,0.55,0,1,1,1.1,0a0.55,0.55,0,1,1,-1.1,0Z"
CROSS = "M-1,-0.7L-0.7,-1L0,-0.3L0.7,-1L1,-0.7L0.3,0L1,0.7L0.7,1L0,0.3L-0.7,1L-1,0.7L-0.3,0Z"
LOZENGE = "M0,-1.9L1.5,0L0,1.9L-1.5,0Z"
EQUAL_SIGN = "M-1,-0.7L1,-0.7L1,-0.2L-1,-0.2ZM-1,0.2L1,0.2L1,0.7L-1,0.7Z"
SYMBOLS = dict(zip(("circle", "square", *SHAPES), "●■▲◆▼✚▶◀", strict=True))


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    method: str
    colour: str
    shape: str
    emphasis: bool

    @property
    def style(self) -> tuple[str, str]:
        """Colour and shape."""
        return self.colour, self.shape

    @property
    def symbol(self) -> str:
        """The shape as a character, for legends in text."""
        return SYMBOLS[self.shape]


def looks(inputs: Inputs) -> list[Look]:
    """The look of every method, in the order of the study.

    The two methods of the first question stand out; ``random`` recedes; the rest take what is left
    in turn.
    """
    fixed = {"random": (GREY, "cross"), inputs.focus: (VERMILLION, "circle")}
    fixed |= {one.against: (BLUE, "square") for one in inputs.study.report.compare[:1]}
    found = []
    turn = 0
    for method in inputs.methods:
        if method not in fixed:
            # Once around the colours, the shapes move on by one: each pair comes up once.
            shape = SHAPES[(turn + turn // len(OTHERS)) % len(SHAPES)]
            fixed[method] = (OTHERS[turn % len(OTHERS)], shape)
            turn += 1
        found.append(Look(method, *fixed[method], emphasis=method == inputs.focus))
    return found


def dense_look() -> Look:
    """The dense network is neutral."""
    return Look(DENSE, GREY, "square", emphasis=False)
