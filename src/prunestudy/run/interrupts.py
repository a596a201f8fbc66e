"""Ctrl-C where nothing has to be cleaned up: a sentence, and the end, at any moment.

What a command writes is whole at any moment, so it may end at once. As an exception an interrupt
may come up in the middle of an import or of a finaliser, where it is told in fifty lines or lost.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

INTERRUPTED = 130


def end_at_once(said: str = "") -> None:
    """From now on an interrupt ends this process with a sentence, if any."""

    def end(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.write(2, said.encode())
        os._exit(INTERRUPTED)

    # In the background of a shell without job control it is ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


def unwind(first: Callable[[], None] | None = None) -> None:
    """From now on an interrupt is an exception, for a command that has something to clean up.

    Args:
        first: what is done before it is raised.
    """

    def raised(number: int, frame: FrameType | None) -> None:
        if first is not None:
            first()
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, raised)


def hear() -> None:
    """Take an interrupt that came while this process began."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Start processes that hear of an interrupt only once they can answer to it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
