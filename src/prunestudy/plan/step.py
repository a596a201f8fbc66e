"""What a step is: all that is known of it before it runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prunestudy.params.settings import Study
from prunestudy.plan.cell import Cell

# What a cell needs: by role, the step and cell that make it, or several by name.
Need = tuple[str, Cell]
Needs = dict[str, Need | dict[str, Need]]


@dataclass(frozen=True)
class Role:
    """An input of a step.

    Attributes:
        several: it is a mapping of names to paths.
        required: every cell has it.
        by_command: the step's command is told its path; else the job takes it from the plan.
    """

    name: str
    help: str = ""
    several: bool = False
    required: bool = True
    by_command: bool = True

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")


@dataclass(frozen=True)
class Step:
    """A step of a study.

    Attributes:
        summary: what it does, for people.
        module: where its work begins; with the parts that a cell names, its source.
        job: ``module:function`` that does the work for one cell.
        path: template of what it makes.
        over: coordinates of its cells.
        fixed: coordinates that all of its cells share, which no command is told.
        cells: the cells of a study, in order.
        needs: what each needs.
        params: the parameters that it reads, as plain values.
        parts: dotted modules of the parts that a cell names.
        packages: whose versions decide its numbers.
        folder: it makes a folder.
        alone: it measures times, so nothing else may run beside it.
        torch: its job imports torch.
        networks: it leaves networks with curves, or a failure in their place.
        repeatable: its outcome is a function of its inputs.
    """

    name: str
    summary: str
    module: str
    job: str
    path: str
    over: tuple[str, ...]
    cells: Callable[[Study], Iterable[Cell]]
    params: Callable[[Study, Cell], dict[str, Any]]
    packages: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[Role, ...] = ()
    needs: Callable[[Study, Cell], Needs] = lambda _study, _cell: {}
    parts: Callable[[Study, Cell], list[str]] = lambda _study, _cell: []
    folder: bool = False
    alone: bool = False
    torch: bool = False
    networks: bool = False
    repeatable: bool = True

    @property
    def command(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")
