"""The command line: one sub-command a step, and what people ask a study by hand."""

import argparse
import errno
import gc
import re
import sys

from prunestudy.cli import change, launch, look, steps
from prunestudy.cli.options import Command, Commands
from prunestudy.errors import ParamsError, StudyError, is_out_of_memory, near

GROUPS = {
    "run: a whole study": launch,
    "look: at a study, changing nothing": look,
    "change: write or delete beside the graph": change,
    "steps: one artifact each, as the rules call them": steps,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; problems become sentences and exit codes, never tracebacks."""
    # Importing torch and Lightning makes a million objects that all stay; to look for garbage
    # among them again and again takes a third of a job's start.
    gc.set_threshold(200_000, 20, 20)
    parsed = parse(sys.argv[1:] if arguments is None else arguments)
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


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read a command line; what is mistyped ends with what may have been meant, exit code 2."""
    top, commands = parser()
    first = arguments[0] if arguments else "-"
    if not first.startswith("-") and first not in commands.choices:
        top.error(f"there is no command '{first}'{_meant(first, list(commands.choices))}")
    parsed, unknown = top.parse_known_args(arguments)
    if unknown:
        command: argparse.ArgumentParser = commands.choices[parsed.name]
        options = re.findall(r"--[a-z-]+", command.format_usage())
        command.error(f"there is no option '{unknown[0]}'{_meant(unknown[0], options)}")
    return parsed


def _meant(word: str, known: list[str]) -> str:
    meant = near(word, known)
    return f"; did you mean '{meant}'?" if meant else "; --help lists them"


def parser() -> tuple[argparse.ArgumentParser, Commands]:
    """The parser and its commands; its help lists them in groups."""
    top = argparse.ArgumentParser(
        prog="prunestudy",
        usage="%(prog)s COMMAND [OPTION ...]",
        description="Reproducible neural-network pruning studies. "
        "'make study' runs everything; these are its parts.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(
        prog="prunestudy", metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )
    lines: list[str] = []
    for title, group in GROUPS.items():
        before = set(commands.choices)
        group.add(commands)
        added = [one for name, one in commands.choices.items() if name not in before]
        told = [(one.get_default("name"), one.get_default("summary")) for one in added]
        lines += ["", title, *(f"  {name:14} {summary}" for name, summary in told)]
    top.epilog = "\n".join([*lines[1:], "", "prunestudy COMMAND --help explains one."])
    return top, commands


if __name__ == "__main__":
    sys.exit(main())
