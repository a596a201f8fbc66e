"""Damage: what is there under a planned name, and is not what its job wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.store.contents import Contents, contents
from prunestudy.store.files import canonical_json
from prunestudy.store.guarded import (
    FILE,
    FOLDER,
    Unreadable,
    bytes_digest,
    kind,
    parsed,
    read_bytes,
    shown,
)
from prunestudy.store.markers import inner_folders, read_marker, report_digest
from prunestudy.store.names import report_folder
from prunestudy.store.sidecars import Sidecar, sidecar_path

AGAIN = "run the study again"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: where, what, and what to do."""

    place: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        told = f"{self.place}: {self.text}"
        return f"{told}; {self.advice}" if self.advice else told


@dataclass(frozen=True)
class Inspection:
    """An artifact as it lies on disk.

    Attributes:
        sha256: of its content, as sidecars say it.
        sidecar: sha256 of the file beside it; empty where it cannot be read.
        findings: what is wrong with them.
        on: the platform that its sidecar says it was made on.
        used: sha256 of its inputs as they were then, by path.
        outdated: it is what its job wrote, but an input is another by now.
    """

    artifact: Artifact
    sha256: str
    sidecar: str
    findings: tuple[Finding, ...] = ()
    on: str = ""
    used: Mapping[str, str] = field(default_factory=dict)
    outdated: bool = False


def inspect(artifact: Artifact) -> Inspection:
    """Read an artifact and its sidecar once, and compare them with each other and the plan."""
    path, place = artifact.path, sidecar_path(artifact.path)
    there = contents(path)
    delete = f"delete {shown(path)} and {AGAIN}"
    found = Inspection(artifact, there.digest, "")
    if there.kind not in (FILE, FOLDER):
        wrong = Finding(shown(path), f"is {there.kind}, not what its job wrote", delete)
        return replace(found, findings=(wrong,))
    try:
        content = read_bytes(place)
        sidecar = parsed(place, content, Sidecar)
    except Unreadable as error:
        wrong = Finding(shown(place), f"missing or damaged ({error.reason})", delete)
        return replace(found, findings=(wrong,))
    found = replace(found, sidecar=bytes_digest(content), on=sidecar.made.on, used=sidecar.used)
    if sidecar.key != artifact.key or canonical_json(sidecar.parts) != canonical_json(
        artifact.parts
    ):
        wrong = Finding(shown(place), "names another run key or parts", delete)
        return replace(found, findings=(wrong,))
    findings = [
        Finding(shown(path / name if there.kind == FOLDER else path), text, delete)
        for name, text in _differences(sidecar.files, there)
    ]
    if not findings and sidecar.sha256 != there.digest:
        findings = [Finding(shown(place), "its digests do not fit each other", delete)]
    return replace(found, findings=tuple(findings))


def _differences(said: dict[str, str], there: Contents) -> list[tuple[str, str]]:
    texts = []
    for name in sorted({*said, *there.files, *there.odd}):
        if name in there.odd:
            texts.append((name, there.odd[name]))
        elif name not in there.files:
            texts.append((name, "is gone"))
        elif name not in said:
            texts.append((name, "does not belong there"))
        elif said[name] != there.files[name]:
            texts.append((name, "is not what its job wrote (its sha256 differs)"))
    return texts


def inspect_all(artifacts: Iterable[Artifact]) -> dict[Artifact, Inspection]:
    """Every artifact that is there, whatever it is."""
    found = {one: inspect(one) for one in artifacts if kind(one.path) is not None}
    whole = {
        one.path.as_posix(): there.sha256 for one, there in found.items() if not there.findings
    }
    return {one: _compared(there, whole) for one, there in found.items()}


def _compared(there: Inspection, now: Mapping[str, str]) -> Inspection:
    """Measured again, an input has other numbers under the same key."""
    others = [path for path, sha256 in there.used.items() if now.get(path, sha256) != sha256]
    if there.findings or not others:
        return there
    text = f"was made from another {shown(others[0])} than lies there now"
    wrong = Finding(shown(there.artifact.path), text, f"{AGAIN}, it makes it anew")
    return replace(there, findings=(wrong,), outdated=True)


def checked(artifact: Artifact) -> list[Finding]:
    """What is wrong with an artifact that is there: its kind, sidecar, key or files."""
    return list(inspect(artifact).findings)


# The report, whose files have fixed names: its marker speaks for them.


def report_findings(plan: Plan, marker: Path) -> list[Finding]:
    """Files of the report that are not what its marker says, and the marker if it says nothing."""
    folder = report_folder(plan.study.name)
    try:
        said = read_marker(marker, folder)
    except Unreadable as error:
        return [Finding(shown(marker), error.reason, f"delete {shown(marker)} and {AGAIN}")]
    found = []
    for name, digest in said.items():
        try:
            same = report_digest(Path(name), folder) == digest
            reason = "was edited after the report was written"
        except Unreadable as error:
            same, reason = False, "is gone" if kind(Path(name)) is None else error.reason
        if not same:
            found.append(Finding(shown(name), reason, f"{AGAIN}, it writes the report anew"))
    return found


def report_strays(plan: Plan) -> list[Path]:
    """What lies in the report's own folders and is not of the report, as far as it says."""
    folder = report_folder(plan.study.name)
    found = []
    for artifact in plan.of_step("report") if kind(folder) == FOLDER else ():
        if kind(artifact.path) is None or inspect(artifact).findings:
            continue
        try:
            listed = read_marker(artifact.path, folder)
        except Unreadable:
            continue
        inner = inner_folders(folder, listed)
        for path in (path for one in inner if kind(one) == FOLDER for path in one.iterdir()):
            if path.as_posix() not in listed and path not in inner:
                found.append(path)
    return sorted(found)
