"""Pins: is what lies on disk what the manifest pins, and that what the commit holds?"""

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import AGAIN, Finding, Inspection, inspect_all
from prunestudy.plan.manifest import Entry, Manifest, entries_of, place, read
from prunestudy.plan.pin import list_of_made
from prunestudy.plan.plan import Plan
from prunestudy.store import git
from prunestudy.store.guarded import Unreadable, shown
from prunestudy.store.lists import lines_of
from prunestudy.store.sidecars import sidecar_path

HEAD = "HEAD"
SHORT = 12
# So many artifacts are named one by one.
NAMED = 12


def findings(plan: Plan, inspected: dict[Artifact, Inspection]) -> list[Finding]:
    """Where artifacts are not what the manifest pins, and it not what the commit holds."""
    name = shown(place(plan))
    try:
        manifest = read(place(plan))
    except Unreadable as error:
        return [Finding(name, error.reason, f"{AGAIN}, it writes it anew")]
    entries, found = entries_of(manifest, plan), []
    planned = {artifact.path.as_posix() for artifact in plan}
    if planned != set(entries) or manifest.study != plan.study.name:
        other = len(planned ^ set(manifest.artifacts))
        text = f"is of another plan ({other} artifacts are in one of them only)"
        found.append(Finding(name, text, f"{AGAIN}, it writes it anew"))
    unlike = {}
    for artifact, inspection in inspected.items():
        entry = entries.get(artifact.path.as_posix())
        if entry is not None and not inspection.findings and _differ(inspection, entry):
            unlike[artifact] = entry
    noted = lines_of(list_of_made(plan.study.name))
    made = [one for one in unlike if one.path.as_posix() in noted]
    if made:
        more = f" and {len(made) - 1} more" if len(made) > 1 else ""
        text = f"does not pin yet what was made since ({made[0].name}{more})"
        found.append(Finding(name, text, f"{AGAIN}, it pins that"))
    platforms = {there.on for one, there in inspected.items() if one not in unlike}
    if platforms - {""} - set(manifest.platforms):
        text = "was edited: it names other platforms than the artifacts' sidecars"
        found.append(Finding(name, text, f"remove it and {AGAIN}"))
    edited = [one for one in unlike if one.path.as_posix() not in noted]
    if len(edited) > min(NAMED, len(inspected) / 2):
        text = f"pins others than {len(edited)} of the {len(inspected)} artifacts here"
        advice = f"get those that it pins (dvc pull), or remove it and {AGAIN} to pin these"
        return [*found, Finding(name, f"{text}, as one of another checkout does", advice)]
    found += [_unlike(inspected[one], unlike[one], name) for one in edited]
    return found + _unlike_commit(plan, manifest)


def _differ(there: Inspection, entry: Entry) -> bool:
    return (there.sha256, there.sidecar) != (entry.sha256, entry.sidecar)


def _unlike(there: Inspection, entry: Entry, manifest: str) -> Finding:
    path, beside = shown(there.artifact.path), sidecar_path(there.artifact.path)
    advice = f"get what {manifest} pins (dvc pull), or delete {path} and {AGAIN}"
    if there.sha256 != entry.sha256:
        return Finding(path, f"is not what {manifest} pins, though its sidecar fits", advice)
    return Finding(shown(beside), f"is not the sidecar that {manifest} pins", advice)


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
    # What lies there, whoever made it, and not what the manifest says of it.
    there = {one.path.as_posix(): found.sha256 for one, found in inspect_all(plan).items()}
    other = sum(there.get(path) != entry.sha256 for path, entry in before.items())
    if not other:
        return (
            f"Reproduced: root {former.root[:SHORT]}, the same bytes of all {len(own)} "
            f"reproducible artifacts as in commit {commit[:SHORT]}."
        )
    told = f"{other} of {len(own)} reproducible artifacts have other bytes than in commit"
    if manifest.platforms != former.platforms:
        places = (" and ".join(one.platforms) for one in (former, manifest))
        return "{} {}, which was made on another platform ({}; here {}).".format(
            told, commit[:SHORT], *places
        )
    return f"Not reproduced: {told} {commit[:SHORT]}; prunestudy verify names them."
