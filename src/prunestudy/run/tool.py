"""Snakemake or DVC as a process of a run: it ends with the run, and is quiet when interrupted.

It is the leader of its process group. If whoever started it is gone, even by kill -9, so is the
whole group. While no jobs are at work there is nothing to be cleaned up, and an interrupt ends it
at once.
"""

import contextlib
import ctypes
import logging
import os
import runpy
import signal
import sys
import tempfile
import threading

from prunestudy.run import defects, streams
from prunestudy.run.interrupts import INTERRUPTED, end_at_once, hear, unwind
from prunestudy.store.scratch import scratch_folder

DIE_WITH_PARENT = 1
SNAKEMAKE, DVC = "snakemake", "dvc"


# Seconds that jobs and whoever cancels them have at an interrupt. Snakemake may lose the exception.
GRACE = 5.0


def command(name: str, *arguments: str) -> list[str]:
    """The command that runs a tool for this process."""
    # Without the working folder's modules: a file of the user's must not stand in for a package.
    return [sys.executable, "-P", "-m", "prunestudy.run", name, str(os.getpid()), *arguments]


def jobs_begin() -> None:
    """From now on snakemake answers to an interrupt: it ends or cancels its jobs."""
    if signal.getsignal(signal.SIGHUP) is _end_group:
        unwind(_ending)


def _ending() -> None:
    # That the jobs have not ended well is no news then.
    streams.mute()
    overdue = threading.Timer(GRACE, _end_group)
    overdue.daemon = True
    overdue.start()


def die_with_parent(parent: int, number: int) -> None:
    """Have the system send a signal to this process as soon as its parent has ended."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _end_group(*_signal: object) -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _end_though_busy() -> None:
    """End the group even while the main thread cannot run a handler.

    A signal that comes just before it begins to wait is answered only when that wait is over.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def listen() -> None:
        # Interrupts are for the main thread.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while signal.SIGHUP not in os.read(reading, 64):
            pass
        _end_group()

    threading.Thread(target=listen, daemon=True).start()


def _listen() -> None:
    """End at an interrupt, unless the command that DVC runs is to answer."""
    while True:
        signal.sigwait({signal.SIGINT})
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            os._exit(INTERRUPTED)


def main() -> int:
    """Be the tool, with its arguments."""
    name, parent, *arguments = sys.argv[1:]
    end_at_once()
    signal.signal(signal.SIGHUP, _end_group)
    _end_though_busy()
    die_with_parent(int(parent), signal.SIGHUP)
    if name == DVC:
        # Its command begins deaf, as this process did, and hears once it can answer.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=_listen, daemon=True).start()
    else:
        hear()
    streams.harden()
    # A line that cannot be logged is no reason for a traceback.
    logging.raiseExceptions = False
    if name == SNAKEMAKE:
        os.environ |= {defects.LOGGED: "1", "PYTHONIOENCODING": "utf-8:replace"}
    sys.argv = [name, *arguments]
    if name != SNAKEMAKE:
        return _run(name)
    # Its temporary folders are deleted with it, or after a kill by the next run.
    with scratch_folder() as folder:
        tempfile.tempdir = str(folder)
        code = _run(name)
    # It would wait some seconds for a timer of its scheduler that has nothing left to do.
    os._exit(code)


def _run(name: str) -> int:
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        code = defects.report(name, error)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    streams.flushed()
    return code
