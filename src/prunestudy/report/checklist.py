"""The checklists of the field's critics as one table of rules, evaluated from a study's tables.

R and C: Blalock et al. 2020 (recommendations, appendix). S: Wang et al. 2023. O: Feng et al. 2024.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import checks
from prunestudy.report.words import WORDS

Status = Literal["PASS", "FAIL", "N/A"]


@dataclass(frozen=True)
class Item:
    """One line of the checklist with its evidence, and what of the page shows it."""

    id: str
    text: str
    status: Status
    evidence: str
    shown: str


def checklist(inputs: Inputs, summary: pd.DataFrame) -> list[Item]:
    """Evaluate every line."""
    items = []
    for name, line in WORDS["checklist"]["lines"].items():
        holds, evidence = getattr(checks, line["check"])(inputs, summary)
        status: Status = "N/A" if holds is None else "PASS" if holds else "FAIL"
        items.append(Item(name, line["text"], status, evidence, line["shown"]))
    return items
