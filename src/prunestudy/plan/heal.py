"""Healing: what is there and is not what its job wrote goes, so that it is made again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.damage import AGAIN, Finding, inspect_all, report_findings
from prunestudy.plan.pin import list_of_made
from prunestudy.plan.places import blocked
from prunestudy.plan.plan import Plan
from prunestudy.store.contents import walk
from prunestudy.store.files import remove
from prunestudy.store.guarded import FILE, FOLDER, kind, shown
from prunestudy.store.names import artifact_folders
from prunestudy.store.sidecars import sidecar_path

DAMAGED, OUTDATED = "damaged", "outdated"
NO_PLACE = "it is deleted"
ANEW = "it is made again"
# The folder of a DVC cache in which contents lie by their digests.
IN_CACHE = "md5"


def heal(plan: Plan) -> list[str]:
    """Remove what is damaged; return a sentence each. No run may be at work meanwhile.

    Damaged are an artifact that is not what its sidecar and the plan say, the report whose files
    are not what its marker says, and whatever in the study's folders is neither file nor folder.
    What was made from another input than lies there now goes too, with all that was made from it.

    Raises:
        StudyError: DVC put links there, or what is there is not to be deleted.
    """
    misplaced = list(_misplaced(plan))
    _refuse_links_of_dvc(path for path, _reason in misplaced)
    _refuse_links_of_dvc(plan.by_path)
    told = []
    for path, reason in misplaced:
        told.append(_told(DAMAGED, Finding(shown(path), reason), NO_PLACE))
        remove(path)
    outdated: set[Artifact] = set()
    # Inputs come first in a plan.
    for artifact, inspection in inspect_all(plan).items():
        word = OUTDATED if inspection.outdated else DAMAGED
        told += [_told(word, finding) for finding in inspection.findings]
        if inspection.outdated or any(one in outdated for one in artifact.needed()):
            outdated.add(artifact)
        if inspection.findings or artifact in outdated:
            remove(artifact.path)
            remove(sidecar_path(artifact.path))
    for artifact in plan.of_step("report"):
        findings = report_findings(plan, artifact.path) if artifact.path.exists() else []
        if findings:
            told += [_told(DAMAGED, finding) for finding in findings]
            remove(artifact.path)
    return told


def _refuse_links_of_dvc(paths: Iterable[Path]) -> None:
    """Leave alone what DVC put there as links into its cache.

    Raises:
        StudyError: there are such.
    """
    for path in paths:
        members = (member for member, _what in walk(path)) if kind(path) == FOLDER else (path,)
        if any(member.is_symlink() and IN_CACHE in member.readlink().parts for member in members):
            raise StudyError(
                f"{shown(path)} is a link into a DVC cache, which a job could write through; run "
                "'dvc config cache.type reflink,copy' and 'dvc checkout --relink', then again"
            )


def _told(word: str, finding: Finding, fate: str = ANEW) -> str:
    return str(Finding(f"{word}: {finding.place}", finding.text, fate))


def _misplaced(plan: Plan) -> Iterator[tuple[Path, str]]:
    """What jobs would follow, wait for or stumble over: links, pipes, files in place of folders.

    Raises:
        StudyError: it is in the place of a folder of every study, or a link of the user's.
    """
    for one in blocked(plan):
        if one.kept:
            raise StudyError(f"{one}; move it elsewhere or remove it, then {AGAIN}")
        yield one.path, one.reason
    artifacts = set(plan.by_path)
    known = artifacts | {sidecar_path(path) for path in artifacts}
    above = {parent for path in artifacts for parent in path.parents}
    waiting = [one for one in artifact_folders(plan.study.name) if kind(one) == FOLDER]
    while waiting:
        folder = waiting.pop()
        for path in sorted(folder.iterdir()):
            if path in above:
                waiting += [path] if kind(path) == FOLDER else []
            elif path not in known:
                yield from _odd(path)
    logs = (artifact.log(suffix) for artifact in plan for suffix in ("log", "tsv"))
    for path in (*logs, list_of_made(plan.study.name)):
        if kind(path) not in (FILE, None):
            yield path, f"is {kind(path)}, not a file"


def _odd(path: Path) -> Iterator[tuple[Path, str]]:
    """Everything at and below a place that is neither file nor folder."""
    found = kind(path)
    if found == FOLDER:
        for member, what in walk(path):
            if what not in (FILE, FOLDER):
                yield member, f"is {what}"
    elif found not in (FILE, None):
        yield path, f"is {found}"
