"""Verify: is what lies on disk what the plan and the sidecars say, and would it come out again?"""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.plan import pins, status
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import Finding, inspect_all, report_findings, report_strays
from prunestudy.plan.equivalence import (
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    TOLERANCE,
    Equivalence,
    equivalence,
)
from prunestudy.plan.places import blocked
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.store.guarded import shown
from prunestudy.store.scratch import scratch_folder
from prunestudy.store.sidecars import read_sidecar


def findings(plan: Plan) -> list[Finding]:
    """Everything of a study on disk that is missing, stale, damaged, edited or does not belong."""
    return [*certified(plan), *strays(plan)]


def certified(plan: Plan) -> list[Finding]:
    """What is wrong with what the study's report was made from, and with the report."""
    inspected = inspect_all(plan)
    found: list[Finding] = []
    for artifact in plan:
        there = artifact in inspected
        found += inspected[artifact].findings if there else [_missing(artifact)]
    for marker in plan.of_step("report"):
        if marker in inspected:
            found += report_findings(plan, marker.path)
    return found + pins.findings(plan, inspected)


def _missing(artifact: Artifact) -> Finding:
    """An artifact that is not there: never made, or made by other parameters or code."""
    reasons = "; ".join(status.reasons(artifact)) or "its inputs changed"
    return Finding(artifact.name, f"not up to date: {reasons}")


def strays(plan: Plan) -> list[Finding]:
    """What lies in the study's folders, or in their place, and is not of the study."""
    text, next_run = "does not belong there", "the next run deletes it"
    places = {one.path: one for one in blocked(plan)}
    found = [
        (one.path, one.reason, "no run goes on before" if one.kept else next_run)
        for one in places.values()
    ]
    found += [(path, text, next_run) for path in status.unreached(plan) if path not in places]
    found += [(path, text, "prunestudy gc deletes it") for path in report_strays(plan)]
    return [
        Finding(shown(path), reason, f"move it elsewhere if it is yours; {fate}")
        for path, reason, fate in found
    ]


# Computing a cell once more.


def cell_named(plan: Plan, name: str) -> Artifact:
    """The artifact that people call ``name``, with or without its step.

    Raises:
        StudyError: there is none, or it cannot be repeated.
    """
    artifact = plan.named(name)
    if not artifact.step.repeatable:
        known = ", ".join(step.name for step in STEPS.values() if step.repeatable)
        raise StudyError(
            f"'{artifact.name}' cannot be compared: {artifact.step.name} measures times or writes "
            f"elsewhere; steps that can: {known}"
        )
    return artifact


@dataclass(frozen=True)
class Comparison:
    """A cell that was computed twice.

    Attributes:
        made_on, compared_on: the platforms that its numbers may depend on, each once.
    """

    found: Equivalence
    made_on: list[str]
    compared_on: list[str]

    @property
    def is_as_expected(self) -> bool:
        """Identical on the same platforms; on others, within the tolerance."""
        same = self.made_on == self.compared_on
        return self.found.verdict == IDENTICAL or (self.found.verdict == EQUAL and not same)

    @property
    def platforms(self) -> str:
        """Where it was computed, in words."""
        made_on, compared_on = (" and ".join(one) for one in (self.made_on, self.compared_on))
        if made_on == compared_on:
            return f"both on {made_on}"
        return f"made on {made_on}, compared on {compared_on}"

    def __str__(self) -> str:
        words = {
            IDENTICAL: "identical, byte for byte",
            EQUAL: f"equal within {TOLERANCE:g}",
            DIFFERENT: "different",
        }
        where = f" ({self.found.where})" if self.found.where else ""
        return f"{words[self.found.verdict]}{where}; {self.platforms}"


def rerun(artifact: Artifact, params: Path) -> Comparison:
    """Compute a cell again in a scratch folder and compare it with what is there.

    Raises:
        StudyError: it or an input is missing, or the job fails.
    """
    for needed in (artifact, *artifact.needed()):
        if not needed.path.exists():
            raise StudyError(f"{needed.path} is missing; run the study first")
    with scratch_folder() as folder:
        out = folder / artifact.path.name
        command = [sys.executable, "-P", "-m", "prunestudy.cli.entry", artifact.step.command]
        command += ["--params", str(params), *artifact.arguments(), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StudyError(f"{artifact.name} failed when it ran again:\n{done.stderr.strip()}")
        # Its inputs are the same files, so its own job alone may have been elsewhere.
        platforms = ([platform_of(path)] for path in (artifact.path, out))
        return Comparison(equivalence(artifact.path, out), *platforms)


def against(plan: Plan, other: Path) -> dict[str, Comparison]:
    """Each repeatable cell of a study, compared with the same one of another checkout."""
    here, there = cache(platform_of), cache(lambda path: platform_of(other / path))

    def platforms(artifact: Artifact, of: Callable[[Path], str]) -> list[str]:
        # What it was made from may have come to other numbers elsewhere, too.
        return sorted({of(one.path) for one in (artifact, *artifact.ancestors())})

    return {
        artifact.name: Comparison(
            equivalence(artifact.path, other / artifact.path),
            platforms(artifact, here),
            platforms(artifact, there),
        )
        for artifact in plan
        if artifact.step.repeatable
    }


def platform_of(path: Path) -> str:
    """The machine that made an artifact, with the GPU that it computed on."""
    with contextlib.suppress(StudyError):
        return read_sidecar(path).made.on
    return "an unknown platform"
