"""The plan: params → every artifact of a study with its run key and path, before anything runs.

The key is in the file name, so a file that is there is the right one, and whoever schedules needs
to look for files only.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prunestudy.errors import StudyError, near
from prunestudy.params.settings import Study
from prunestudy.plan.artifact import Artifact, Inputs
from prunestudy.plan.cell import Cell
from prunestudy.plan.fingerprint import source_digest
from prunestudy.plan.keys import KEY_LENGTH, package_versions, run_key
from prunestudy.plan.step import Need
from prunestudy.plan.steps import STEPS


class Plan:
    """Every artifact of a study, in an order in which they can be made.

    Args:
        steps: those whose artifacts are planned, with all that these need. Only the packages of
            what is planned have to be installed.
    """

    def __init__(self, study: Study, steps: Iterable[str] = tuple(STEPS)) -> None:
        self.study = study
        self._made: dict[Need, Artifact] = {}
        for step in map(STEPS.__getitem__, steps):
            for cell in step.cells(study):
                self._add((step.name, cell))
        self.artifacts = list(self._made.values())
        self.by_path = {artifact.path: artifact for artifact in self.artifacts}

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self.artifacts)

    def _add(self, need: Need) -> Artifact:
        """The artifact of a step and cell, after all that it needs; cycles are refused before."""
        known = self._made.get(need)
        if known is not None:
            return known
        step, cell = STEPS[need[0]], need[1]
        inputs: Inputs = {}
        keys: dict[str, str | dict[str, str]] = {}
        for role, needed in step.needs(self.study, cell).items():
            if isinstance(needed, dict):
                several = {name: self._add(one) for name, one in needed.items()}
                inputs[role], keys[role] = several, {name: a.key for name, a in several.items()}
            else:
                one = self._add(needed)
                inputs[role], keys[role] = one, one.key
        parts = {
            "step": step.name,
            "params": step.params(self.study, cell),
            "source": source_digest((step.module, *step.parts(self.study, cell))),
            "packages": package_versions(step.packages),
            "inputs": keys,
        }
        key = run_key(parts)
        path = step.path.format(study=self.study.name, key=key[:KEY_LENGTH], **cell.given())
        made = Artifact(step, cell, Path(path), key, parts, inputs)
        self._made[need] = made
        return made

    def of_step(self, step: str) -> list[Artifact]:
        """The artifacts that a step makes, in the plan's order."""
        return [artifact for artifact in self.artifacts if artifact.step.name == step]

    def find(self, step: str, **coordinates: str | int) -> Artifact:
        """The one artifact of a step for a cell, given by its coordinates.

        Raises:
            StudyError: the study has no such cell.
        """
        found = self._made.get((step, Cell(**coordinates)))  # type: ignore[arg-type]
        if found is not None:
            return found
        wanted = "/".join(str(part) for part in coordinates.values())
        raise StudyError(
            f"study '{self.study.name}' has no {step} of '{wanted}'; "
            f"tasks: {', '.join(self.study.tasks)}; methods: {', '.join(self.study.methods)}; "
            f"seeds: {', '.join(str(known) for known in self.study.seeds)}"
        )

    def named(self, name: str) -> Artifact:
        """The artifact that people call ``name``, with its step or, for a trajectory, without.

        Raises:
            StudyError: there is none; the nearest name is suggested.
        """
        every = {artifact.name: artifact for artifact in self}
        short = {str(artifact.cell): artifact for artifact in self if artifact.step.networks}
        found = every.get(name) or short.get(name)
        if found is not None:
            return found
        hint = near(name, [*every, *short])
        told = f"; did you mean '{hint}'?" if hint else ""
        raise StudyError(f"study '{self.study.name}' has no cell '{name}'{told}")
