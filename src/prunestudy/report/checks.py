"""What a line of a checklist is: its text, its outcome, and the evidence for it."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["PASS", "FAIL", "N/A"]
Outcome = tuple[Status, str]


@dataclass(frozen=True)
class Item:
    """One line of the checklist with its evidence."""

    id: str
    text: str
    status: Status
    evidence: str
    # The table or section of the page that shows it.
    shown: str = ""


def judged(holds: bool, evidence: str) -> Outcome:
    """PASS or FAIL, with the same evidence."""
    return ("PASS" if holds else "FAIL"), evidence
