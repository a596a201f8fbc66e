"""Errors that reach the user as sentences: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable
from typing import Any


class StudyError(Exception):
    """A failure with a message for people; the command line prints it without a traceback."""


class CellFailure(StudyError):
    """A cell whose outcome is a failure: running it again would fail again.

    It leaves an artifact that says so, and the rest of the study goes on around the hole.
    """


class Problem:
    """One thing that is wrong with a parameters file."""

    def __init__(self, path: str, reason: str, allowed: str = "", near_miss: str = "") -> None:
        self.path = path
        self.reason = reason
        self.allowed = allowed
        self.near_miss = near_miss

    def apart(self) -> "list[Problem]":
        """The problems that one check of a whole group found, one a line of its reason."""
        return [
            Problem(self.path, line, self.allowed, self.near_miss)
            for line in self.reason.split("\n")
        ]

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
