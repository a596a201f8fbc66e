"""The command line: one sub-command a step, and what people ask a study by hand."""

import argparse
import errno
import gc
import sys

from prunestudy.cli import change, launch, look, steps
from prunestudy.cli.options import Command
from prunestudy.errors import ParamsError, StudyError


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; problems become sentences and exit codes, never tracebacks."""
    # Importing torch and Lightning makes a million objects that all stay; to look for garbage
    # among them again and again takes a third of a job's start.
    gc.set_threshold(200_000, 20, 20)
    parsed = parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        return command(parsed) or 0
    except ParamsError as error:
        print(f"prunestudy: {error}", file=sys.stderr)
        return 2
    except StudyError as error:
        print(f"prunestudy {parsed.name}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except OSError as error:
        print(f"prunestudy {parsed.name}: {error}{_advice(error)}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print(
            f"prunestudy {parsed.name}: out of memory ({str(error).strip() or 'no details'}); "
            "run fewer jobs at once (prunestudy run --cores 1) or use a smaller batch_size",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(f"prunestudy {parsed.name}: interrupted", file=sys.stderr)
        return 130


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; torch has no class of its own for it on a CPU."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "can't allocate memory" in text
        or ("out of memory" in text)
    )


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


def parser() -> argparse.ArgumentParser:
    """The parser with every sub-command."""
    top = argparse.ArgumentParser(
        prog="prunestudy",
        description="Reproducible neural-network pruning studies. "
        "'make study' runs everything; these are its parts.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for group in (look, launch, change, steps):
        group.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
