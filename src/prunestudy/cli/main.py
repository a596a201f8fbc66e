"""The command line: one sub-command a step, and what people ask a study by hand."""

import argparse
import gc
import re
import sys

from prunestudy.cli import change, launch, look, steps
from prunestudy.cli.options import Commands
from prunestudy.cli.outcome import outcome
from prunestudy.errors import near
from prunestudy.run.interrupts import unwind

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
    if parsed.unwinds:
        unwind()
    return outcome(parsed)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read a command line; what is mistyped ends with what may have been meant, exit code 2."""
    top, commands = parser()
    first = arguments[0] if arguments else "-"
    if not first.startswith("-") and first not in commands.choices:
        top.error(f"there is no command '{first}'{_meant(first, list(commands.choices))}")
    parsed, unknown = top.parse_known_args(arguments)
    if unknown:
        command: argparse.ArgumentParser = commands.choices[parsed.name.split()[0]]
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
        for one in added:
            # What others write beside the graph is cleaned up; what only looks, or launches what
            # is whole at any moment, may end at once.
            one.set_defaults(unwinds=group in (change, steps), says=group is look)
        told = [(one.get_default("name"), one.get_default("summary")) for one in added]
        lines += ["", title, *(f"  {name:14} {summary}" for name, summary in told)]
    top.epilog = "\n".join([*lines[1:], "", "prunestudy COMMAND --help explains one."])
    return top, commands


if __name__ == "__main__":
    sys.exit(main())
