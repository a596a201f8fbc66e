"""The manifest: what a study has in ``data/`` and ``models/``, pinned in a file that git keeps.

Sidecars lie beside their artifacts, so whoever edits both leaves them consistent; the manifest
lies beside the report. An entry is written for an artifact that a run made, and never again for one
that was there before: no later run takes over what was edited meanwhile.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import AGAIN, Finding, Inspection, inspect
from prunestudy.plan.plan import Plan
from prunestudy.store import git
from prunestudy.store.files import canonical_json, text_digest, write_text
from prunestudy.store.guarded import Digest, Stored, Unreadable, kind, parsed, read_bytes, shown
from prunestudy.store.names import report_folder
from prunestudy.store.sidecars import read_sidecar, sidecar_path

NAME = "manifest.json"
HEAD = "HEAD"
SHORT = 12


class Entry(Stored):
    """One artifact.

    Attributes:
        sha256: of its content.
        sidecar: sha256 of the file that says where it is from.
        reproducible: its content is a function of its inputs, and so is theirs.
    """

    key: Digest
    sha256: Digest
    sidecar: Digest
    reproducible: bool


class Manifest(Stored):
    """What a study has in ``data/`` and ``models/``.

    Attributes:
        artifacts: by path.
        root: one digest of all contents that are reproducible.
        everything: one digest of all contents and sidecars.
        platforms: on which they were made.
    """

    study: str
    root: Digest
    everything: Digest
    platforms: list[str]
    artifacts: dict[str, Entry]

    @classmethod
    def of(cls, study: str, entries: dict[str, Entry], platforms: list[str]) -> "Manifest":
        """The manifest of some entries, with its digests over them."""
        root = {path: entry.sha256 for path, entry in entries.items() if entry.reproducible}
        every = {path: [entry.sha256, entry.sidecar] for path, entry in entries.items()}
        return cls(
            study=study,
            root=text_digest(canonical_json(root)),
            everything=text_digest(canonical_json(every)),
            platforms=platforms,
            artifacts=entries,
        )

    def text(self) -> str:
        """Its text: an artifact a line, sorted, so that git shows which ones changed."""
        head = self.model_dump(exclude={"artifacts"})
        lines = [f" {_json(name)}: {_json(value)}" for name, value in head.items()]
        entries = ",\n".join(
            f"  {_json(path)}: {_json(entry.model_dump())}"
            for path, entry in sorted(self.artifacts.items())
        )
        inner = f"{{\n{entries}\n }}" if entries else "{}"
        return "{\n" + ",\n".join([*lines, f' "artifacts": {inner}']) + "\n}\n"


def _json(content: Any) -> str:
    return json.dumps(content, allow_nan=False)


def place(plan: Plan) -> Path:
    """Where a study's manifest lies."""
    return report_folder(plan.study.name) / NAME


def pinned(plan: Plan) -> Iterator[tuple[Artifact, bool]]:
    """Every artifact, and whether its content is a function of parameters, code and data alone."""
    reproducible: dict[Artifact, bool] = {}
    for artifact in plan:
        same = artifact.step.repeatable and all(reproducible[one] for one in artifact.needed())
        reproducible[artifact] = same
        yield artifact, same


def read(path: Path, content: bytes | None = None) -> Manifest:
    """The manifest at a place, or of a text that was there.

    Raises:
        Unreadable: it is missing, no manifest, or its digests are not those of its entries.
    """
    found = parsed(path, read_bytes(path) if content is None else content, Manifest)
    if found != Manifest.of(found.study, found.artifacts, found.platforms):
        raise Unreadable(path, "was edited: its digests are not those of its entries")
    return found


def _known(plan: Plan) -> dict[str, Entry]:
    """The entries that are there and of this plan."""
    try:
        found = read(place(plan)).artifacts
    except Unreadable:
        return {}
    keys = {artifact.path.as_posix(): artifact.key for artifact, _same in pinned(plan)}
    return {path: entry for path, entry in found.items() if keys.get(path) == entry.key}


# A run's side: forget what it will make, then pin what it made.


def forget(plan: Plan) -> None:
    """Take out what is not there: what a run makes in its place is pinned anew."""
    known = _known(plan)
    there = {path: entry for path, entry in known.items() if kind(Path(path)) is not None}
    if len(there) < len(known):
        platforms = read(place(plan)).platforms
        write_text(place(plan), Manifest.of(plan.study.name, there, platforms).text())


def pin(plan: Plan) -> None:
    """Write the manifest of a finished study; entries that it has stay as they are.

    Raises:
        StudyError: an artifact is damaged.
    """
    known = _known(plan)
    entries = {}
    for artifact, same in pinned(plan):
        path = artifact.path.as_posix()
        entries[path] = known.get(path) or _entry(inspect(artifact), same)
    platforms = sorted({read_sidecar(Path(path)).made.on for path in entries})
    text = Manifest.of(plan.study.name, entries, platforms).text()
    try:
        if read_bytes(place(plan)) == text.encode():
            return
    except Unreadable:
        pass
    write_text(place(plan), text)


def _entry(found: Inspection, reproducible: bool) -> Entry:
    if found.findings:
        raise StudyError("\n".join(map(str, found.findings)))
    key = found.artifact.key
    return Entry(key=key, sha256=found.sha256, sidecar=found.sidecar, reproducible=reproducible)


# A reader's side.


def findings(plan: Plan, inspected: dict[Artifact, Inspection]) -> list[Finding]:
    """Where artifacts are not what the manifest pins, and it not what the commit holds."""
    name = shown(place(plan))
    try:
        manifest = read(place(plan))
    except Unreadable as error:
        return [Finding(name, error.reason, f"{AGAIN}, it writes it anew")]
    entries, found = _known(plan), []
    planned = [artifact.path.as_posix() for artifact, _same in pinned(plan)]
    if set(planned) != set(entries) or manifest.study != plan.study.name:
        other = len(set(planned) ^ set(manifest.artifacts))
        text = f"is of another plan ({other} artifacts are in one of them only)"
        found.append(Finding(name, text, f"{AGAIN}, it writes it anew"))
    platforms = {inspected[one].on for one, _same in pinned(plan) if one in inspected}
    if platforms - {""} - set(manifest.platforms):
        text = "was edited: it names other platforms than the artifacts' sidecars"
        found.append(Finding(name, text, f"remove it and {AGAIN}"))
    for artifact, inspection in inspected.items():
        entry = entries.get(artifact.path.as_posix())
        if entry is not None and not inspection.findings:
            found += _unlike(inspection, entry, name)
    return found + _unlike_commit(plan, manifest)


def _unlike(there: Inspection, entry: Entry, manifest: str) -> list[Finding]:
    path, beside = shown(there.artifact.path), sidecar_path(there.artifact.path)
    advice = f"get what {manifest} pins (dvc pull), or delete {path} and {AGAIN}"
    if there.sha256 != entry.sha256:
        return [Finding(path, f"is not what {manifest} pins, though its sidecar fits", advice)]
    if there.sidecar != entry.sidecar:
        return [Finding(shown(beside), f"is not the sidecar that {manifest} pins", advice)]
    return []


def _unlike_commit(plan: Plan, manifest: Manifest) -> list[Finding]:
    commit, former = _committed(plan)
    if former is None or former.platforms != manifest.platforms:
        # Bytes are the same on one platform alone.
        return []
    text = f"commit {commit[:SHORT]} pins other bytes of the same run key"
    advice = "it was edited, or is not reproducible here: prunestudy verify --rerun tells which"
    return [
        Finding(shown(path), text, advice)
        for path, entry in manifest.artifacts.items()
        if _differs(entry, former.artifacts.get(path))
    ]


def _differs(entry: Entry, former: Entry | None) -> bool:
    """Whether a content that should be the same is another."""
    return (
        former is not None
        and entry.reproducible
        and former.key == entry.key
        and former.sha256 != entry.sha256
    )


def _committed(plan: Plan) -> tuple[str, Manifest | None]:
    """The commit of the checkout, and the manifest that it holds; empty where git tells none."""
    try:
        commit = git.resolved(HEAD)
        content = git.reader(HEAD)(f"./{place(plan)}")
    except (StudyError, OSError):
        return "", None
    try:
        return commit, None if content is None else read(place(plan), content)
    except Unreadable:
        return commit, None


def standing(plan: Plan) -> str:
    """How the manifest stands to the commit of the checkout, in a line.

    Raises:
        Unreadable: there is no manifest.
    """
    name, manifest = shown(place(plan)), read(place(plan))
    commit, former = _committed(plan)
    told = f"{name} (root {manifest.root[:SHORT]})"
    if not commit:
        return f"{told} is compared with no commit: git tells of none here"
    if former is None:
        return f"{told} is not committed yet; a commit keeps what it pins"
    if former.platforms != manifest.platforms:
        return f"{told} and the one in commit {commit[:SHORT]} are of different platforms"
    if former != manifest:
        return f"{told} differs from the one in commit {commit[:SHORT]}"
    return f"{told} is as commit {commit[:SHORT]} has it"


def reproduced(plan: Plan) -> str | None:
    """Whether the contents are those that the commit pins; none where it pins no such study."""
    try:
        manifest = read(place(plan))
    except Unreadable:
        return None
    commit, former = _committed(plan)
    if former is None:
        return None
    own, before = (
        {path: entry for path, entry in one.artifacts.items() if entry.reproducible}
        for one in (manifest, former)
    )
    if {path: one.key for path, one in own.items()} != {p: one.key for p, one in before.items()}:
        return None
    if manifest.root == former.root:
        return (
            f"Reproduced: root {manifest.root[:SHORT]}, the same bytes of all {len(own)} "
            f"reproducible artifacts as in commit {commit[:SHORT]}."
        )
    other = sum(_differs(entry, before[path]) for path, entry in own.items())
    told = f"{other} of {len(own)} reproducible artifacts have other bytes than in commit"
    if manifest.platforms != former.platforms:
        there, here = (" and ".join(one.platforms) for one in (former, manifest))
        return (
            f"{told} {commit[:SHORT]}, which was made on another platform ({there}; here {here})."
        )
    return f"Not reproduced: {told} {commit[:SHORT]}; prunestudy verify names them."
