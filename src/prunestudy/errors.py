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


# What CUDA and its libraries say where a GPU's memory does not suffice; a new context needs some.
GPU_IS_FULL = (
    *("CUDA out of memory", "CUDA error: out of memory"),
    *("CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"),
)


def is_gpu_full(error: Exception) -> bool:
    """Whether an error says that a GPU's memory ran out."""
    # By its name, since few of the commands import torch.
    named = type(error).__name__ == "OutOfMemoryError"
    return named or any(words in str(error) for words in GPU_IS_FULL)


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


class DataError(StudyError):
    """Data that cannot be used, with every problem found in them.

    The path of each problem is the field of the task's ``data`` that it is of; empty: the whole.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(
            "\n".join(
                str(replace(one, path=f"data.{one.path}" if one.path else "data"))
                for one in problems
            )
        )


def near(word: Any, known: Iterable[str]) -> str:
    """The known word that is most like a wrong one, or nothing."""
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""
