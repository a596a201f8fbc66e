"""Errors that reach the user as sentences: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


class StudyError(Exception):
    """A failure with a message for people; the command line prints it without a traceback."""


class CellFailure(StudyError):
    """A cell whose outcome is a failure: running it again would fail again.

    It leaves an artifact that says so, and the rest of the study goes on.
    """


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; torch has no class of its own for it on a CPU."""
    text = str(error).lower()
    words = ("can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc")
    return isinstance(error, MemoryError) or any(word in text for word in words)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a parameters file."""

    path: str
    reason: str
    allowed: str = ""
    near_miss: str = ""

    def apart(self) -> "list[Problem]":
        """The problems that one check of a whole group found, one a line of its reason."""
        return [replace(self, reason=line) for line in self.reason.split("\n")]

    def __str__(self) -> str:
        text = f"{self.path}: {self.reason}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.near_miss:
            text += f"; did you mean '{self.near_miss}'?"
        return text


class ParamsError(StudyError):
    """A parameters file that cannot be used, with every problem found in it."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__(f"{file}: {count}\n{lines}")


def near(word: Any, known: Iterable[str]) -> str:
    """The known word that is most like a wrong one, or nothing."""
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""
