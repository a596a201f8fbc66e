"""The checklists of the field's critics as one table of rules, evaluated from a study's tables.

R and C: Blalock et al. 2020 (recommendations, appendix). S: Wang et al. 2023. O: Feng et al. 2024.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import checks
from prunestudy.report.checks import Outcome

Status = Literal["PASS", "FAIL", "N/A"]
# Line → its text, the table or section of the page that shows it, and what judges it.
RULES: dict[str, tuple[str, str, Callable[[Inputs, pd.DataFrame], Outcome]]] = {
    "R1": ("Exact networks, data sets and metrics in one table", "tasks", checks.setting),
    "R2": ("Three pairs of data set and network; say if all are small", "tasks", checks.pairs),
    "R3": ("Compression and theoretical speed-up of every network", "results", checks.both_costs),
    "R4": ("Top-1 and top-5 for data sets of many classes", "datasets", checks.top_five),
    "R5": ("The same metrics for the unpruned control", "results", checks.dense_rows),
    "R6": ("The whole trade-off curve, with competing methods", "trade-off", checks.curve),
    "R7": ("At least five points, with 2, 4, 8, 16 and 32", "trade-off", checks.operating_points),
    "R8": ("Means and sample standard deviations over seeds", "results", checks.spread),
    "R9": ("All methods share library, data loading and code", "provenance", checks.same_code),
    "C1": ("Magnitude, recent and pre-2010 work beside it", "trade-off", checks.baselines),
    "C2": ("Suffices to implement it again", "parameters", checks.reimplementable),
    "C3": ("Claims are limited to what was tested", "finding", checks.claims),
    "C4": ("Link to the code", "reproduce", checks.code),
    "C5": ("Architectures described", "parameters", checks.architectures),
    "C6": ("Data pipeline described", "datasets", checks.pipeline),
    "C7": ("Library and hardware named", "reproduce", checks.environment),
    "C8": ("Ratios up to collapse, or to where networks end", "results", checks.until_collapse),
    "C9": ("Raw quality at every point, not only differences", "results", checks.raw_quality),
    "C10": ("Several seeds, initialisation included", "provenance", checks.seeds),
    "C11": ("Error bars defined", "comparisons", checks.error_bars),
    "C12": ("Multiply–adds where efficiency is claimed", "results", checks.macs),
    "C13": ("Random: global, and in its own proportions", "controls", checks.random),
    "C14": ("Magnitude: global or uniform, and in its proportions", "controls", checks.magnitude),
    "C15": ("Where other methods' numbers come from", "provenance", checks.own_numbers),
    "S": ("Setup is at least S3.2 (Wang et al. 2023)", "parameters", checks.setup),
    "S-scratch": ("Small dense networks: Scratch-E and Scratch-B", "controls", checks.scratch),
    "O": ("Evaluated after retraining; τ (Feng et al. 2024)", "oracle", checks.after_retraining),
}


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
    for name, (text, shown, rule) in RULES.items():
        holds, evidence = rule(inputs, summary)
        status: Status = "N/A" if holds is None else "PASS" if holds else "FAIL"
        items.append(Item(name, text, status, evidence, shown))
    return items
