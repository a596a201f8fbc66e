"""The outcome of a part of the check: what it found, and whether that is as it should be."""

import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prunestudy.errors import StudyError

Rows = list[dict[str, Any]]
PASSED, FAILED, LEFT_OUT = "passed", "failed", "left out"


@dataclass
class Outcome:
    """What a part found.

    Attributes:
        says: sentences for people.
        wrong: what must not be so; a part with any has failed.
        left_out: why the part could not be tried here, if so.
        tables: rows of what was measured, by title.
    """

    says: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    left_out: str | None = None
    tables: dict[str, Rows] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.wrong:
            return FAILED
        return PASSED if self.left_out is None else LEFT_OUT


def tell(line: str) -> None:
    """A line of progress."""
    print(f"gpu-check: {line}", file=sys.stderr, flush=True)


def attempted(title: str, part: Callable[[], Outcome], seconds_left: float) -> Outcome:
    """The outcome of a part; whatever stops it is one, and the others are tried all the same.

    Args:
        seconds_left: for a part to begin at all.
    """
    tell(f"{title} …")
    begin = time.monotonic()
    try:
        outcome = part() if seconds_left > 0 else Outcome(left_out="no time was left for it")
    except StudyError as error:
        outcome = Outcome(wrong=[str(error)])
    except Exception as error:
        traceback.print_exc()
        first = (str(error).splitlines() or [""])[0]
        outcome = Outcome(wrong=[f"{type(error).__name__}: {first}"])
    outcome.seconds = round(time.monotonic() - begin, 1)
    tell(f"{title}: {outcome.verdict} after {outcome.seconds:g} s")
    for line in outcome.wrong:
        tell(f"  {line}")
    return outcome
