"""A process that forks jobs, so that not every one imports torch and Lightning anew.

A run of many short jobs would spend half of its time on those imports. ``prunestudy run`` starts
one forkserver; a job's command finds its socket by an environment variable, hands over its
arguments, folder, environment and standard streams, and waits for the exit code. Each job is still
a process of its own. Where there is no forkserver (by hand, on a cluster's node, on systems
without pidfds), or where the library was edited since it started, the command does the work itself.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prunestudy.run import defects
from prunestudy.run.delegate import (
    COMMANDS,
    HEADER,
    KILLED,
    REFUSED,
    STREAMS,
    VARIABLE,
    library,
)
from prunestudy.run.interrupts import deaf, hear
from prunestudy.run.streams import flushed, harden
from prunestudy.run.tool import die_with_parent
from prunestudy.store.scratch import scratch_folder

# What a job runs; found by its name, since it lies above this room.
CLI = "prunestudy.cli.main"
SOCKET = "socket"
TERMINATED = KILLED + signal.SIGTERM
# Seconds that a job has to end by itself before it is killed.
GRACE = 5.0


# The side of a run.


@contextlib.contextmanager
def forkserver(
    environment: dict[str, str], commands: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """The environment in which commands find a forkserver; it ends with the caller.

    Args:
        commands: the ones that it takes, and the module that each of them imports.
    """
    if not hasattr(os, "pidfd_open"):
        yield environment
        return
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(scratch_folder())
            stack.enter_context(_started(folder, environment, commands))
        except OSError as error:
            # No place for its socket, or no memory for one process more.
            print(f"prunestudy: each job imports by itself ({error})", file=sys.stderr)
            yield environment
            return
        yield {**environment, VARIABLE: str(folder / SOCKET), COMMANDS: " ".join(commands)}


@contextlib.contextmanager
def _started(
    folder: Path, environment: dict[str, str], commands: Mapping[str, str]
) -> Iterator[None]:
    """A forkserver that listens, until the caller ends.

    Raises:
        OSError: it could not be started.
    """
    command = [sys.executable, "-P", "-m", __name__, str(folder / SOCKET), CLI]
    command += commands.values()
    with deaf():
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        # It listens before it imports, so the first jobs wait for it instead of passing it by.
        if not process.stdout.readline():
            raise OSError("no forkserver could be started")
        try:
            yield
        finally:
            process.stdin.close()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                # It still imports, so there are no jobs of it.
                process.kill()


# The forkserver itself.


class _Server:
    def __init__(self, listener: socket.socket, library: str) -> None:
        self.listener = listener
        self.library = library
        self.ready = selectors.DefaultSelector()
        self.ready.register(listener, selectors.EVENT_READ, self._accept)
        # The end of whoever started this process, even by kill -9, closes its standard input.
        self.ready.register(0, selectors.EVENT_READ, self._end)
        self.workers: dict[int, socket.socket] = {}
        # When jobs that were told to end are killed.
        self.deadlines: dict[int, float] = {}

    def run(self) -> None:
        while True:
            for key, _events in self.ready.select(GRACE / 2 if self.deadlines else None):
                # An event before it in the same batch may have closed what this one is about.
                if self.ready.get_map().get(key.fd) is key:
                    key.data(key.fileobj)
            now = time.monotonic()
            for worker in [one for one, end in self.deadlines.items() if end < now]:
                del self.deadlines[worker]
                signal.pidfd_send_signal(worker, signal.SIGKILL)

    def _end(self, _stream: Any) -> None:
        for worker in self.workers:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(worker, signal.SIGTERM)
        raise SystemExit(0)

    def _unwanted(self, worker: int, link: socket.socket) -> None:
        """The command has ended: so must its job. Told once, since the link stays readable."""
        self.ready.unregister(link)
        self.deadlines[worker] = time.monotonic() + GRACE
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(worker, signal.SIGTERM)

    def _accept(self, _listener: Any) -> None:
        link, _address = self.listener.accept()
        streams: list[int] = []
        try:
            request = _received(link, streams)
            if len(streams) != len(STREAMS) or request["library"] != self.library:
                link.sendall(REFUSED.encode())
                link.close()
            else:
                self._fork(link, request, streams)
        except (OSError, ValueError):
            # The command ended meanwhile, or no process could be made: it does the work itself.
            with contextlib.suppress(OSError):
                link.sendall(REFUSED.encode())
            link.close()
        finally:
            for stream in streams:
                os.close(stream)

    def _fork(self, link: socket.socket, request: dict[str, Any], streams: list[int]) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            link.close()
            self.listener.close()
            os._exit(_work(request, streams, parent))
        worker = os.pidfd_open(pid)
        self.workers[worker] = link
        self.ready.register(worker, selectors.EVENT_READ, lambda _fd: self._reap(worker, pid))
        # A command says nothing more, so what can be read is its end: the work is not wanted.
        self.ready.register(link, selectors.EVENT_READ, lambda _link: self._unwanted(worker, link))

    def _reap(self, worker: int, pid: int) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        code = status if status >= 0 else KILLED - status
        link = self.workers.pop(worker)
        with contextlib.suppress(OSError):
            link.sendall(str(code).encode())
        self.ready.unregister(worker)
        # Where the command has ended already, its link was taken out then.
        if self.deadlines.pop(worker, None) is None:
            with contextlib.suppress(KeyError):
                self.ready.unregister(link)
        link.close()
        os.close(worker)


def _received(link: socket.socket, streams: list[int]) -> dict[str, Any]:
    """What a command wants; its streams are added to ``streams``, for the caller to close."""
    link.settimeout(GRACE)
    header, passed, _flags, _address = socket.recv_fds(link, HEADER.size, len(STREAMS))
    streams += passed
    header += _exactly(link, HEADER.size - len(header))
    message = _exactly(link, HEADER.unpack(header)[0])
    link.settimeout(None)
    return json.loads(message)


def _exactly(link: socket.socket, size: int) -> bytes:
    message = b""
    while len(message) < size:
        part = link.recv(size - len(message))
        if not part:
            raise ValueError("the command ended before it had said what it wants")
        message += part
    return message


def _work(request: dict[str, Any], streams: list[int], parent: int) -> int:
    """Be the command: its streams, folder and environment, then its code."""
    try:
        for target, stream in zip(STREAMS, streams, strict=True):
            os.dup2(stream, target)
            os.close(stream)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        hear()
        die_with_parent(parent, signal.SIGTERM)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        # What it says goes to its log.
        harden("utf-8")
        from prunestudy.store import sidecars

        sidecars.BEGIN = time.monotonic()
        return importlib.import_module(CLI).main(request["arguments"])
    except SystemExit as end:
        if type(end) is not SystemExit:
            # Lightning's answer to SIGTERM is an exit of its own kind, without a code.
            return TERMINATED
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        return defects.report(request["arguments"][0], error, debug=True)
    finally:
        flushed()


def _serve(address: str, modules: list[str]) -> None:
    # Ctrl-C reaches the whole group of the terminal; the jobs and the run answer to it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # While it imports it does not see that its run is gone; its jobs end with it.
    die_with_parent(os.getppid(), signal.SIGKILL)
    here = library()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(128)
        try:
            os.write(1, b"listening\n")
        except OSError:
            # The run has ended meanwhile.
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # Whoever asks torch for a GPU while it is imported shall ask the driver's own library:
        # CUDA itself, once asked, works in no fork, and does not say that it was.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
        for module in modules:
            importlib.import_module(module)
        # What is there stays: no child should look for garbage in it, and so copy its pages.
        gc.collect()
        gc.freeze()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            # No GPU can be used after a fork, so every command does its work itself.
            here = ""
        _Server(listener, here).run()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
