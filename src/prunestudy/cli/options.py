"""What the groups of commands share: how a command is added, and the options of all."""

import argparse
from collections.abc import Callable
from pathlib import Path

DEFAULT_PARAMS = Path("params.yaml")
Command = Callable[[argparse.Namespace], int | None]
Commands = argparse._SubParsersAction


def add_command(
    commands: Commands, name: str, summary: str, command: Command, params: bool = True
) -> argparse.ArgumentParser:
    """Add a sub-command, with ``--params`` unless it has none."""
    added = commands.add_parser(name, description=summary[0].upper() + summary[1:])
    added.set_defaults(command=command, name=name, summary=summary)
    added.add_argument(
        "--debug", action="store_true", help="show the traceback of whatever goes wrong"
    )
    if params:
        added.add_argument(
            "--params",
            type=Path,
            default=DEFAULT_PARAMS,
            metavar="FILE",
            help="parameters of the study (default: params.yaml)",
        )
    return added
