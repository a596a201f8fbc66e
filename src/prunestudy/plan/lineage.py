"""Trace: everything that is known of one cell, from its number in the report to its MLflow run."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import checked
from prunestudy.store.sidecars import read_sidecar
from prunestudy.store.trajectories import failure_of, kept_networks

INDENT = "  "


def describe(artifact: Artifact, params: Path, record: str) -> str:
    """A cell's artifact, digests, key, parameters, origin and command, a line each.

    Args:
        record: where its run is in MLflow, in words.

    Raises:
        StudyError: it was not made yet, or is not what its job wrote.
    """
    if not artifact.path.exists():
        raise StudyError(f"{artifact.name} is not there; run the study first (prunestudy status)")
    damaged = checked(artifact)
    if damaged:
        raise StudyError("\n".join(map(str, damaged)))
    sidecar = read_sidecar(artifact.path)
    made = sidecar.made
    option = "" if params == Path("params.yaml") else f" --params {params}"
    inputs = {needed.name: needed.path.as_posix() for needed in artifact.needed()}
    facts = {
        "artifact": artifact.path.as_posix(),
        "sha256": sidecar.sha256,
        "run key": artifact.key,
        "made": f"{made.at}, {made.seconds:g} s, {made.processor}, {made.platform}",
        "commit": made.git_commit or "unknown",
        "MLflow": record,
    }
    if artifact.step.repeatable:
        short = artifact.cell if artifact.step.networks else f"'{artifact.name}'"
        facts["again"] = f"prunestudy verify{option} --rerun {short}"
    lines = [artifact.name, *(f"{INDENT}{name:<10}{value}" for name, value in facts.items())]
    for title, content in (
        ("inputs", inputs),
        ("networks", _networks(artifact)),
        ("parameters", artifact.parts["params"]),
        ("packages", artifact.parts["packages"]),
    ):
        if content:
            lines += [f"{INDENT}{title}", *(2 * INDENT + line for line in _yaml(content))]
    return "\n".join(lines)


def _networks(artifact: Artifact) -> dict[str, str]:
    if not artifact.step.networks:
        return {}
    cause = failure_of(artifact.path)
    if cause:
        return {"failed": cause}
    digests = read_sidecar(artifact.path).files
    return {
        str(row["point"]): f"{row['file']}, sha256 {digests.get(row['file'], 'unknown')}, "
        f"stage {row['stage']}, {row['epochs']:g} epochs"
        for row in kept_networks(artifact.path)
    }


def _yaml(content: dict[str, Any]) -> list[str]:
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump(content, stream)
    return stream.getvalue().splitlines()
