"""An artifact of a study: what makes it, its run key, and where it lies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunestudy.plan.cell import Cell
from prunestudy.plan.step import Step

Inputs = dict[str, "Artifact | dict[str, Artifact]"]


@dataclass(frozen=True, eq=False)
class Artifact:
    """One artifact of a study.

    Attributes:
        key: its run key.
        parts: what the key is the digest of.
        inputs: by role; where a role has several, by their names.
    """

    step: Step
    cell: Cell
    path: Path
    key: str
    parts: dict[str, Any]
    inputs: Inputs

    @property
    def name(self) -> str:
        """What people call it, e.g. ``prune digits/seed0/adaptive``."""
        return f"{self.step.name} {self.cell}".strip()

    def needed(self) -> Iterator["Artifact"]:
        """Every input, in the order of the roles."""
        for given in self.inputs.values():
            yield from given.values() if isinstance(given, dict) else (given,)

    def given(self) -> dict[str, Any]:
        """Where its inputs lie, by role; where a role has several, by their names."""
        return {
            role: {name: one.path for name, one in made.items()}
            if isinstance(made, dict)
            else made.path
            for role, made in self.inputs.items()
        }

    def ancestors(self) -> list["Artifact"]:
        """All that it was made from, each once, in an order in which it can be made."""
        found: dict[Artifact, None] = {}
        for needed in self.needed():
            found |= dict.fromkeys([*needed.ancestors(), needed]) if needed not in found else {}
        return list(found)

    def arguments(self) -> list[str]:
        """Options of the step's command for this cell, but for parameters and outcome."""
        options = [
            text
            for name, value in self.cell.given().items()
            if name in self.step.over
            for text in (f"--{name}", str(value))
        ]
        for role in self.step.roles:
            given = self.inputs.get(role.name)
            if not role.by_command or given is None:
                continue
            options.append(f"--{role.option}")
            if isinstance(given, dict):
                options += [f"{name}={made.path}" for name, made in given.items()]
            else:
                options.append(str(given.path))
        return options

    def log(self, suffix: str = "log") -> Path:
        """Where its job's log lies, and with suffix ``tsv`` what Snakemake measured of it."""
        inner = Path(*self.path.parts[1:])
        return Path("logs") / inner.with_name(f"{inner.name.partition('.')[0]}.{suffix}")
