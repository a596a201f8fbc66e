"""Standard streams that are there, take every character, and end no command by failing.

A study's work must not be lost because a terminal cannot show a dash, a disk under a log is full,
or whoever reads the output is slow or has gone.
"""

import contextlib
import io
import os
import select
import sys
from typing import Any

STREAMS = ((1, "stdout"), (2, "stderr"))
PROBLEMS: dict[int, OSError] = {}


class _Stream(io.FileIO):
    """A descriptor whose writes never fail; the first that did is kept for the end.

    Whoever shares it may have made it non-blocking; full, it is waited for all the same.
    """

    muted = False

    def write(self, content: Any) -> int:
        while not self.muted:
            try:
                written = super().write(content)
                if written is not None:
                    return written
                self._wait()
            except OSError as error:
                PROBLEMS.setdefault(self.fileno(), error)
                break
        return memoryview(content).nbytes

    def _wait(self) -> None:
        """Until its reader has made room, or has gone."""
        room = select.poll()
        room.register(self.fileno(), select.POLLOUT)
        room.poll()


def harden(encoding: str | None = None) -> None:
    """Replace the standard streams of this process.

    Args:
        encoding: of what is written (default: as the system or the user says).
    """
    PROBLEMS.clear()
    # What is opened next would get the number of a closed stream, and then its output.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    for number, name in STREAMS:
        before = getattr(sys, name)
        with contextlib.suppress(OSError, AttributeError, ValueError):
            before.flush()
        raw = _Stream(number, "wb", closefd=False)
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=encoding or getattr(before, "encoding", None) or "utf-8",
            errors="replace",
            line_buffering=number == 2 or raw.isatty() or "PYTHONUNBUFFERED" in os.environ,
        )
        setattr(sys, name, stream)


def flushed() -> OSError | None:
    """Write out what is waiting; why the standard output is incomplete, if it is."""
    for _number, name in STREAMS:
        with contextlib.suppress(OSError, AttributeError, ValueError):
            getattr(sys, name).flush()
    return PROBLEMS.get(1)


def mute() -> None:
    """Say nothing more: what comes now are the consequences of an end that is told elsewhere."""
    _Stream.muted = True
