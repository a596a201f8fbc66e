"""Places: the folders that a study's jobs write into, and what lies there instead of a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prunestudy.plan.plan import Plan
from prunestudy.store.guarded import FOLDER, kind, shown
from prunestudy.store.markers import INNER
from prunestudy.store.names import report_folder

LINK = "a symbolic link"


@dataclass(frozen=True)
class Blocked:
    """Something in the place of a folder, which no job could write into, or not where it should.

    Attributes:
        kept: no run may delete it: it is of every study, or leads where a user's disk may be.
    """

    path: Path
    reason: str
    kept: bool = False

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.reason}"


def blocked(plan: Plan) -> Iterator[Blocked]:
    """What lies in the place of a folder of a study, the outermost alone.

    The study's own folders may be links to folders, on a larger disk for instance; those in them
    may not, and nothing behind such a link is looked at.
    """
    report = report_folder(plan.study.name)
    tops = {Path(name) for name in ("data", "models", "logs", "reports")}
    own = {top / plan.study.name for top in tops if top.name != "reports"} | {report}
    made = {artifact.path.parent for artifact in plan}
    made |= {Path("logs", *folder.parts[1:]) for folder in made}
    made |= {report / name for name in INNER}
    passed: set[Path] = set()
    for folder in sorted({place for one in made for place in (one, *one.parents)} - {Path()}):
        if folder.parent in passed:
            passed.add(folder)
            continue
        found = kind(folder)
        if found in (FOLDER, None):
            continue
        passed.add(folder)
        outer = folder in tops | own
        if not (outer and found == LINK and kind(folder, links=True) == FOLDER):
            kept = folder in tops or (outer and found == LINK)
            to = " to no folder" if outer and found == LINK else ", not a folder"
            yield Blocked(folder, f"is {found}{to}", kept)
