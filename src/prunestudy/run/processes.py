"""Processes that a run starts: their environment, and how interrupts reach them."""

import contextlib
import getpass
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from prunestudy.run.interrupts import INTERRUPTED as ENDED_BY_INTERRUPT
from prunestudy.run.interrupts import deaf
from prunestudy.store.accelerators import RESOLVED, device_kind

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
GOES_ON = (
    "\nprunestudy: interrupted; ending the jobs at work. What is finished is kept, and the next "
    "run goes on from the last epoch. Interrupt again to end at once.\n"
)
# One thread a job: parallelism comes from the graph, and results stay the same.
ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONHASHSEED": "0",
    # No file of the project may stand in for a package.
    "PYTHONSAFEPATH": "1",
    # Arrow would reserve a gigabyte that it never touches, and a limit of memory would count it.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


# The tools' own settings and caches, where this user has no home for them.
HOMELESS = Path(".scratch/home")


def job_environment() -> dict[str, str]:
    """The environment of every job: this process's commands and device, one thread, no telemetry.

    Files are read and written as UTF-8 whatever the locale; a terminal gets what it can show.
    """
    environment = {**os.environ, **ENVIRONMENT, RESOLVED: device_kind("auto")}
    shown = getattr(sys.stdout, "encoding", None) or "utf-8"
    environment |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": f"{shown}:replace"}
    environment |= _homes(environment)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _homes(environment: Mapping[str, str]) -> dict[str, str]:
    """What stands in for a home that cannot be written, and for a name that the system lacks."""
    found = {}
    try:
        getpass.getuser()
    except (KeyError, OSError):
        found["USER"] = f"uid{os.getuid()}"
    home = Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        with contextlib.suppress(OSError):
            HOMELESS.mkdir(parents=True, exist_ok=True)
            found["XDG_CACHE_HOME"] = str(HOMELESS.absolute() / ".cache")
            if not (home.is_dir() and os.access(home, os.R_OK | os.X_OK)):
                found["HOME"] = str(HOMELESS.absolute())
    return found


def call(
    command: list[str],
    environment: dict[str, str] | None = None,
    lock: int | None = None,
    end_at_once: bool = False,
    starts_deaf: bool = False,
) -> int:
    """Run a command to its end, in a process group that an interrupt reaches through here alone.

    Ctrl-C in a terminal and a signal to this process alone are then the same: the group is
    interrupted and may clean up. Interrupted again, it is interrupted again, or killed.

    Args:
        lock: a descriptor that it keeps open, so that it holds the lock too.
        end_at_once: a second interrupt kills the group; what it has written is whole at any moment.
        starts_deaf: it hears of interrupts when it can answer to them, by itself.
    """
    process: subprocess.Popen[bytes] | None = None
    interrupts = 0

    def send(number: int) -> None:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        send(signal.SIGKILL if interrupts > 1 and end_at_once else signal.SIGINT)
        if interrupts == 1 and end_at_once:
            # In one write: a signal may come in the middle of another message, and the terminal
            # may be gone.
            with contextlib.suppress(OSError):
                os.write(2, GOES_ON.encode())

    def pause(_number: int, _frame: FrameType | None) -> None:
        send(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(_number: int, _frame: FrameType | None) -> None:
        send(signal.SIGCONT)

    # What starts a process in the background, or by nohup, has it ignore some of them; its
    # children must not, since these are how it ends them.
    handlers = {
        one: _ignore if signal.getsignal(one) is signal.SIG_IGN else pass_on for one in STOPS
    }
    handlers |= {signal.SIGTSTP: pause, signal.SIGCONT: go_on}
    before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
    try:
        with deaf() if starts_deaf else contextlib.nullcontext():
            process = subprocess.Popen(
                command,
                env=environment or job_environment(),
                pass_fds=() if lock is None else (lock,),
                process_group=0,
            )
        if interrupts:
            send(signal.SIGINT)
        code = process.wait()
        # Killed itself, it leaves what it started behind.
        send(signal.SIGKILL)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler or signal.SIG_DFL)
    return ENDED_BY_INTERRUPT if code and interrupts else code


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """What SIG_IGN does, but a child does not inherit it."""
