"""Pin: a job notes what it made, and the end of a run writes that into the manifest.

An entry is written for what a job made, and never again for what was there before: no later run
takes over what was edited meanwhile.
"""

from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import Inspection, inspect
from prunestudy.plan.manifest import Entry, Manifest, entries_of, place, read
from prunestudy.plan.plan import Plan
from prunestudy.store.files import write_text
from prunestudy.store.guarded import Unreadable, bytes_digest, parsed, read_bytes
from prunestudy.store.lists import append_line, taken
from prunestudy.store.sidecars import Made, Sidecar, sidecar_path


def list_of_made(study: str) -> Path:
    """Where jobs note what they made since the manifest of a study was written."""
    return Path(f".prunestudy.{study}.made")


def note_made(study: str, path: Path) -> None:
    """Note that a job makes an artifact, before it lies in its place."""
    append_line(list_of_made(study), path.as_posix())


def pin(plan: Plan) -> None:
    """Write the manifest of a finished study; entries of what no job made since stay as they are.

    Raises:
        StudyError: an artifact is damaged.
    """
    former = _former(plan)
    known = entries_of(former, plan)
    with taken(list_of_made(plan.study.name)) as made:
        entries: dict[str, Entry] = {}
        platforms: set[str] = set()
        reproducible: dict[Artifact, bool] = {}
        for artifact in plan:
            path = artifact.path.as_posix()
            sidecar, origin = _origin(artifact.path)
            reproducible[artifact] = (
                artifact.step.repeatable
                # The memory that a job may have is the machine's.
                and origin.memory_limit_gb is None
                and all(reproducible[one] for one in artifact.needed())
            )
            if path in known and path not in made:
                entries[path] = known[path]
            else:
                entries[path] = _entry(inspect(artifact), reproducible[artifact])
            # Where what it pins is not what is there, only it knows where that was made.
            is_there = entries[path].sidecar == sidecar
            platforms |= {origin.on} if is_there else set(former.platforms)
        pinned = Manifest.of(plan.study.name, entries, sorted(platforms))
        if pinned != former:
            write_text(place(plan), pinned.text())


def _former(plan: Plan) -> Manifest:
    """The manifest that is there; one of nothing, if it cannot be read."""
    try:
        return read(place(plan))
    except Unreadable:
        return Manifest.of("", {}, [])


def _origin(path: Path) -> tuple[str, Made]:
    place = sidecar_path(path)
    content = read_bytes(place)
    return bytes_digest(content), parsed(place, content, Sidecar).made


def _entry(found: Inspection, reproducible: bool) -> Entry:
    if found.findings:
        raise StudyError("\n".join(map(str, found.findings)))
    key = found.artifact.key
    return Entry(key=key, sha256=found.sha256, sidecar=found.sidecar, reproducible=reproducible)
