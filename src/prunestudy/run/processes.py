"""Processes that a run starts: their environment, and how interrupts reach them."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
INTERRUPTED = (
    "\nprunestudy: interrupted; ending the jobs at work. What is finished is kept, and the next "
    "run goes on from the last epoch. Interrupt again to end at once.\n"
)
ENDED_BY_INTERRUPT = 130
# One thread a job: parallelism comes from the graph, and results stay the same.
ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONHASHSEED": "0",
    # No file of the project may stand in for a package.
    "PYTHONSAFEPATH": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


def job_environment() -> dict[str, str]:
    """The environment of every job: this process's commands, one thread, no telemetry."""
    environment = {**os.environ, **ENVIRONMENT}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def call(
    command: list[str],
    environment: dict[str, str] | None = None,
    lock: int | None = None,
    end_at_once: bool = False,
) -> int:
    """Run a command to its end, in a process group that an interrupt reaches through here alone.

    Ctrl-C in a terminal and a signal to this process alone are then the same: the group is
    interrupted and may clean up. Interrupted again, it is interrupted again, or killed.

    Args:
        lock: a descriptor that it keeps open, so that it holds the lock too.
        end_at_once: a second interrupt kills the group; what it has written is whole at any moment.
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
                os.write(2, INTERRUPTED.encode())

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
        process = subprocess.Popen(
            command,
            env=environment or job_environment(),
            pass_fds=() if lock is None else (lock,),
            process_group=0,
        )
        if interrupts:
            send(signal.SIGINT)
        code = process.wait()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler or signal.SIG_DFL)
    return ENDED_BY_INTERRUPT if code and interrupts else code


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """What SIG_IGN does, but a child does not inherit it."""
