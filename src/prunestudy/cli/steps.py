"""Commands of the steps: what the rules call, with explicit paths; made of the step table."""

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

from prunestudy.cli.options import Commands, add_command
from prunestudy.errors import StudyError
from prunestudy.plan.cell import COORDINATES
from prunestudy.plan.step import Role, Step
from prunestudy.plan.steps import STEPS
from prunestudy.steps.job import run_job


def add(commands: Commands) -> None:
    """Add a command for each step."""
    for step in STEPS.values():
        command = add_command(commands, step.command, step.summary, partial(_run, step))
        for name in step.over:
            kind, meaning = COORDINATES[name]
            command.add_argument(f"--{name}", required=True, type=kind, help=meaning)
        for role in step.roles:
            if role.by_command:
                _add_role(command, role)
        command.add_argument(
            "--out", type=Path, required=True, metavar="PATH", help="what to write"
        )


def _add_role(command: ArgumentParser, role: Role) -> None:
    several: dict[str, Any] = {"nargs": "+", "metavar": "NAME=PATH"} if role.several else {}
    command.add_argument(
        f"--{role.option}",
        required=role.required,
        type=str if role.several else Path,
        help=role.help,
        **{"metavar": "PATH", **several},
    )


def _run(step: Step, arguments: Namespace) -> None:
    """Make one artifact of a step."""
    given = {
        role.name: _paths(role, getattr(arguments, role.name))
        for role in step.roles
        if role.by_command
    }
    coordinates = {name: getattr(arguments, name) for name in step.over}
    run_job(step, arguments.params, coordinates, given, arguments.out)


def _paths(role: Role, told: Any) -> Any:
    if not role.several or told is None:
        return told
    found = {}
    for item in told:
        name, separator, path = item.partition("=")
        if not separator:
            raise StudyError(f"--{role.option} {item}: write NAME=PATH, e.g. dense={item}")
        found[name] = Path(path)
    return found
