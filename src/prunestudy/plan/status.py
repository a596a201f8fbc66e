"""What would rerun and why: pure functions of the plan and the files that are there."""

from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.keys import KEY_LENGTH
from prunestudy.plan.plan import Plan
from prunestudy.store.files import JOURNAL_SUFFIX, PART_SUFFIX, remove
from prunestudy.store.guarded import FOLDER, Stored, Unreadable, kind, read_text, shown
from prunestudy.store.names import artifact_folders
from prunestudy.store.sidecars import SIDECAR_SUFFIX, read_sidecar, sidecar_path
from prunestudy.store.trajectories import failure_of

SHOWN = 12
# How the marker of a study begins that the tracker does not have.
NOT_PUBLISHED = "not published"


def missing(plan: Plan) -> list[Artifact]:
    """The artifacts that a run would make."""
    return [artifact for artifact in plan if not artifact.path.exists()]


def failures(plan: Plan) -> list[tuple[Artifact, str]]:
    """The cells whose outcome is a failure, and its cause."""
    found = []
    for artifact in plan:
        if artifact.step.networks:
            cause = failure_of(artifact.path)
            if cause is not None:
                found.append((artifact, cause))
    return found


def drop_unpublished(plan: Plan) -> None:
    """Remove the marker of a study that could not be published, so that it is tried again."""
    for artifact in plan.of_step("publish"):
        if not_published(artifact):
            artifact.path.unlink()


def drop_outgrown(plan: Plan, memory_gb: float | None) -> None:
    """Remove cells that needed more memory than they had, so that they are tried with more.

    Args:
        memory_gb: what a job may have now; none without a limit.
    """
    allowed = float("inf") if memory_gb is None else memory_gb
    failed = (artifact for artifact, _cause in failures(plan))
    dropped = {artifact for artifact in failed if _memory_limit(artifact) < allowed}
    for artifact in plan if dropped else ():
        # Inputs come first in a plan, and what is made of a dropped one knows of its failure.
        if artifact in dropped or any(one in dropped for one in artifact.needed()):
            dropped.add(artifact)
            remove(artifact.path)


def _memory_limit(artifact: Artifact) -> float:
    """The memory that a failed cell had where that was too little; else more than any."""
    try:
        limit = read_sidecar(artifact.path).made.memory_limit_gb
    except StudyError:
        limit = None
    return float("inf") if limit is None else limit


def not_published(artifact: Artifact) -> str | None:
    """Why the tracker does not have a finished study; none if it has, or was not asked."""
    try:
        text = read_text(artifact.path).strip()
    except Unreadable:
        return None
    return text if text.startswith(NOT_PUBLISHED) else None


def unreached(plan: Plan) -> list[Path]:
    """Files and folders of the study that its plan does not know: stale keys, broken writes.

    A folder of the study that is a link is not followed.
    """
    wanted = set(plan.by_path)
    above = {parent for path in wanted for parent in path.parents}
    found: set[Path] = set()
    waiting = [one for one in artifact_folders(plan.study.name) if kind(one) == FOLDER]
    while waiting:
        folder = waiting.pop()
        for path in sorted(folder.iterdir()):
            if path in above and path.is_dir() and not path.is_symlink():
                waiting.append(path)
            elif not _is_known(path, wanted):
                found.add(path)
    return sorted(found)


def _is_known(path: Path, wanted: set[Path]) -> bool:
    if path.name.endswith(PART_SUFFIX):
        return False
    if path.name.endswith(JOURNAL_SUFFIX):
        # What a killed job goes on from, as long as it has not ended.
        whole = path.with_name(path.name.removesuffix(JOURNAL_SUFFIX))
        return whole in wanted and not whole.exists()
    return path in wanted or path.with_name(path.name.removesuffix(SIDECAR_SUFFIX)) in wanted


def describe(plan: Plan) -> str:
    """In plain words, what would rerun and which part of each key changed."""
    absent = missing(plan)
    if not absent:
        return f"study '{plan.study.name}': nothing to do, all {len(plan.artifacts)} are there"
    counts = Counter(artifact.step.name for artifact in absent)
    total = Counter(artifact.step.name for artifact in plan)
    lines = [f"study '{plan.study.name}': {len(absent)} of {len(plan.artifacts)} jobs would run"]
    lines += [f"  {step:14} {count} of {total[step]}" for step, count in counts.items()]
    lines += _other_device(absent)
    causes: dict[str, list[str]] = {}
    for artifact in absent:
        for cause in reasons(artifact):
            causes.setdefault(cause, []).append(artifact.name)
    lines.append("because")
    for cause, cells in list(causes.items())[:SHOWN]:
        named = ", ".join(cells[:3]) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
        lines.append(f"  {cause} → {named}")
    if len(causes) > SHOWN:
        lines.append(f"  and {len(causes) - SHOWN} more reasons")
    return "\n".join(lines)


def _other_device(absent: list[Artifact]) -> list[str]:
    """That networks are there which another kind of device trained; the two never mix."""
    for artifact in (one for one in absent if one.step.name == "train"):
        old = _previous(artifact)
        before = _device(old.params.get("compute", {})) if old else ""
        now = _device(artifact.parts["params"]["compute"])
        if before and before != now:
            return [
                f"its networks were trained on {before}, and here they would be on {now}: open it "
                "where it was made, or set compute.accelerator"
            ]
    return []


def _device(compute: dict[str, Any]) -> str:
    """What networks depend on of their device, in words; CUDA none is a torch without."""
    return " ".join(str(compute[name]) for name in ("device", "cuda") if name in compute)


class _Parts(Stored):
    """What an earlier key was the digest of."""

    params: dict[str, Any]
    source: str
    packages: dict[str, str]
    inputs: dict[str, Any]


def reasons(artifact: Artifact) -> list[str]:
    """Why an absent artifact must be made; empty if only its inputs changed."""
    if sidecar_path(artifact.path).exists():
        return ["its file is gone, its sidecar is there"]
    old = _previous(artifact)
    if old is None:
        return ["never made before"]
    found = []
    new = artifact.parts
    prefix = ".".join(part for part in (artifact.step.name, artifact.cell.method) if part)
    for path, before, after in differences(old.params, new["params"]):
        found.append(shown(f"{prefix}.{path} {before} → {after}"))
    if old.source != new["source"]:
        found.append(f"the source code of {artifact.step.name} changed")
    for name, before, after in differences(old.packages, new["packages"]):
        found.append(shown(f"package {name} {before} → {after}"))
    inputs = _names(old.inputs) ^ _names(new["inputs"])
    if inputs:
        found.append(f"inputs came or went ({len(inputs)})")
    return found


def _names(inputs: dict[str, Any]) -> set[str]:
    """Roles of inputs, and of several the names as well."""
    several = {role: given for role, given in inputs.items() if isinstance(given, dict)}
    return {*inputs, *(f"{role} {name}" for role, given in several.items() for name in given)}


def differences(before: Any, after: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two nested values differ: dotted path, old value, new value."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in [*before, *(key for key in after if key not in before)]
            for change in differences(
                before.get(key), after.get(key), f"{path}.{key}" if path else str(key)
            )
        ]
    return [] if before == after else [(path, before, after)]


def _previous(artifact: Artifact) -> _Parts | None:
    """The parts of the newest artifact of the same cell with another key."""
    stem, dot, suffix = artifact.path.name.partition(".")
    pattern = f"{stem[:-KEY_LENGTH]}{'?' * KEY_LENGTH}{dot}{suffix}{SIDECAR_SUFFIX}"
    found = sorted(
        artifact.path.parent.glob(pattern), key=lambda path: path.lstat().st_mtime, reverse=True
    )
    for sidecar in found:
        made = sidecar.with_name(sidecar.name.removesuffix(SIDECAR_SUFFIX))
        try:
            return _Parts.model_validate(read_sidecar(made).parts)
        except (StudyError, ValidationError):
            continue
    return None
