"""Commands that wait for others: another holds a lock, and something happens meanwhile."""

import contextlib
import fcntl
import io
from collections.abc import Callable, Iterator
from pathlib import Path

# What a command says that another keeps from its work.
WAITS = "; waiting for"


@contextlib.contextmanager
def held(lock: Path) -> Iterator[Callable[[], None]]:
    """Hold a lock, as another run does; yield what lets it go."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


class Hearing(io.StringIO):
    """What a command says; once it says that it waits, something is done."""

    def __init__(self, *then: Callable[[], object]) -> None:
        super().__init__()
        self.then = list(then)

    def write(self, text: str) -> int:
        written = super().write(text)
        while WAITS in text and self.then:
            self.then.pop(0)()
        return written
