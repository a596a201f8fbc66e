"""A process that forks jobs, so that not every one imports torch and Lightning anew.

A run of many short jobs would spend half of its time on those imports. ``prunestudy run`` starts
one forkserver; a job's command finds its socket by an environment variable, hands over its
arguments, folder, environment and standard streams, and waits for the exit code. Each job is still
a process of its own. Where there is no forkserver (by hand, on a cluster's node, on systems
without pidfds), or where the library was edited since it started, the command does the work itself.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Where it listens, and which commands it takes.
VARIABLE = "PRUNESTUDY_FORKSERVER"
COMMANDS = "PRUNESTUDY_FORKSERVER_COMMANDS"
# What a job runs; found by its name, since it lies above this room.
CLI = "prunestudy.cli.main"
HEADER = struct.Struct("!Q")
STREAMS = (0, 1, 2)
REFUSED = "refused"
KILLED = 128
TERMINATED = KILLED + signal.SIGTERM
# Seconds that a job has to end by itself before it is killed.
GRACE = 5.0
DIE_WITH_PARENT = 1


# The side of a job's command.


def delegate(arguments: list[str]) -> int | None:
    """Have the forkserver run a command; its exit code, or none if the caller must run it."""
    address = os.environ.get(VARIABLE)
    if not address or not arguments or arguments[0] not in os.environ.get(COMMANDS, "").split():
        return None
    request = {
        "arguments": arguments,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "library": _library(),
    }
    message = json.dumps(request, allow_nan=False).encode()
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(address)
            socket.send_fds(link, [HEADER.pack(len(message))], list(STREAMS))
            link.sendall(message)
        except OSError:
            return None
        answer = b""
        with contextlib.suppress(OSError):
            answer = link.recv(64)
    if answer == REFUSED.encode():
        return None
    if not answer:
        # Whoever ordered this job is most likely gone too; nobody waits for it.
        print(f"prunestudy {arguments[0]}: the run that started it has ended", file=sys.stderr)
        return 1
    code = int(answer)
    if code - KILLED in (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
        print(f"prunestudy {arguments[0]}: killed by signal {code - KILLED}", file=sys.stderr)
    return code


def _library() -> str:
    """What the library's files look like: any write to one of them changes it."""
    root = Path(__file__).parents[1]
    stats = ((path, path.stat()) for path in sorted(root.rglob("*.py")))
    return repr([(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats])


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
    with tempfile.TemporaryDirectory(prefix="prunestudy-") as folder:
        address = str(Path(folder) / "socket")
        modules = [CLI, *commands.values()]
        command = [sys.executable, "-P", "-m", "prunestudy.run.forkserver", address, *modules]
        # It listens before it imports, so the first jobs wait for it instead of passing it by.
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield {**environment, VARIABLE: address, COMMANDS: " ".join(commands)}
            finally:
                process.stdin.close()


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
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            return 1
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        from prunestudy.store import sidecars

        sidecars.BEGIN = time.monotonic()
        return importlib.import_module(CLI).main(request["arguments"])
    except SystemExit as end:
        if type(end) is not SystemExit:
            # Lightning's answer to SIGTERM is an exit of its own kind, without a code.
            return TERMINATED
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _serve(address: str, modules: list[str]) -> None:
    # Ctrl-C reaches the whole group of the terminal; the jobs and the run answer to it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    library = _library()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(128)
        print("listening", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        for module in modules:
            importlib.import_module(module)
        # What is there stays: no child should look for garbage in it, and so copy its pages.
        gc.collect()
        gc.freeze()
        _Server(listener, library).run()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
