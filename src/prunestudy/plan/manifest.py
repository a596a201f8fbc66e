"""The manifest: what a study has in ``data/`` and ``models/``, pinned in a file that git keeps.

Sidecars lie beside their artifacts, so whoever edits both leaves them consistent; the manifest
lies beside the report.
"""

import json
from pathlib import Path
from typing import Any

from prunestudy.plan.plan import Plan
from prunestudy.store.files import canonical_json, text_digest
from prunestudy.store.guarded import Digest, Stored, Unreadable, parsed, read_bytes
from prunestudy.store.names import report_folder

NAME = "manifest.json"


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


def read(path: Path, content: bytes | None = None) -> Manifest:
    """The manifest at a place, or of a text that was there.

    Raises:
        Unreadable: it is missing, no manifest, or its digests are not those of its entries.
    """
    found = parsed(path, read_bytes(path) if content is None else content, Manifest)
    if found != Manifest.of(found.study, found.artifacts, found.platforms):
        raise Unreadable(path, "was edited: its digests are not those of its entries")
    return found


def entries_of(manifest: Manifest, plan: Plan) -> dict[str, Entry]:
    """Its entries of artifacts that a plan knows, under their keys."""
    keys = {artifact.path.as_posix(): artifact.key for artifact in plan}
    return {path: one for path, one in manifest.artifacts.items() if keys.get(path) == one.key}
