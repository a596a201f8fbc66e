"""How a command ends: exit codes and sentences, a traceback in a log at most."""

import errno
import sys
import traceback
from argparse import Namespace

from prunestudy.errors import ParamsError, StudyError, is_out_of_memory
from prunestudy.run import defects, streams
from prunestudy.run.interrupts import INTERRUPTED


def outcome(arguments: Namespace) -> int:
    """Run a command; its exit code."""
    try:
        code = arguments.command(arguments) or 0
    except KeyboardInterrupt:
        print(f"prunestudy {arguments.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        code = _failed(arguments, error)
    return code or _incomplete(arguments)


def _failed(arguments: Namespace, error: Exception) -> int:
    name = arguments.name
    if isinstance(error, BrokenPipeError):
        return 1
    foreseen = isinstance(error, StudyError | OSError) or is_out_of_memory(error)
    if not foreseen:
        return defects.report(name, error, arguments.debug)
    if arguments.debug:
        traceback.print_exception(error)
    if isinstance(error, ParamsError):
        print(f"prunestudy: {error}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):
        print(f"prunestudy {name}: {error}{_advice(error)}", file=sys.stderr)
    elif isinstance(error, StudyError):
        print(f"prunestudy {name}: {error}", file=sys.stderr)
    else:
        print(
            f"prunestudy {name}: out of memory ({str(error).strip() or 'no details'}); "
            "run fewer jobs at once (prunestudy run --cores 1) or use a smaller batch_size",
            file=sys.stderr,
        )
    return 1


def _incomplete(arguments: Namespace) -> int:
    """Exit code 1 where a command's product is what it says, and that could not be said."""
    problem = streams.flushed()
    if problem is None:
        return 0
    if not isinstance(problem, BrokenPipeError):
        print(
            f"prunestudy {arguments.name}: the output is incomplete: {problem.strerror}",
            file=sys.stderr,
        )
    return int(arguments.says)


def _advice(error: OSError) -> str:
    """What to do about an error of the file system."""
    advice = {
        errno.ENOSPC: "the disk is full: free some space (prunestudy gc, dvc gc)",
        errno.EDQUOT: "the quota is used up: free some space (prunestudy gc, dvc gc)",
        errno.EROFS: "the file system is read-only: make it writable",
        errno.EACCES: "allow this user to write there",
        errno.EPERM: "allow this user to write there",
        errno.EMFILE: "raise the limit of open files (ulimit -n)",
    }
    code = error.errno
    if code is None and "No space left" in str(error):
        # The writer of safetensors gives the text alone.
        code = errno.ENOSPC
    told = advice.get(code or 0)
    return f"; {told}, then run the study again; what is finished is kept" if told else ""
