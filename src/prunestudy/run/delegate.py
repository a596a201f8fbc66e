"""The side of a job's command: it has the run's forkserver do the work, where there is one."""

import contextlib
import os
import signal
import struct
import sys
from pathlib import Path

# Where the forkserver listens, and which commands it takes.
VARIABLE = "PRUNESTUDY_FORKSERVER"
COMMANDS = "PRUNESTUDY_FORKSERVER_COMMANDS"
HEADER = struct.Struct("!Q")
STREAMS = (0, 1, 2)
REFUSED = "refused"
KILLED = 128
MEMORY = (
    "mostly for want of memory: run fewer jobs at once (prunestudy run --cores 1) or allow more"
)


def delegate(arguments: list[str]) -> int | None:
    """Have the forkserver run a command; its exit code, or none if the caller must run it."""
    address = os.environ.get(VARIABLE)
    if not address or not arguments or arguments[0] not in os.environ.get(COMMANDS, "").split():
        return None
    # Other commands start sooner without them.
    import json
    import socket

    request = {
        "arguments": arguments,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "library": library(),
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
        print(
            f"prunestudy {arguments[0]}: its forkserver has ended, with its "
            f"run or killed; {MEMORY}",
            file=sys.stderr,
        )
        return 1
    code = int(answer)
    if code - KILLED in (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
        print(
            f"prunestudy {arguments[0]}: killed by signal {code - KILLED}; {MEMORY}",
            file=sys.stderr,
        )
    return code


def library() -> str:
    """What the library's files look like: any write to one of them changes it."""
    root = Path(__file__).parents[1]
    stats = ((path, path.stat()) for path in sorted(root.rglob("*.py")))
    return repr([(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats])
