"""Others' claims beside this study's intervals: missed, within them, or reached."""

import math

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.blocks import Sentence

# What an interval says of a claimed ratio, the bad news first, in words.
VERDICTS = {
    "missed": "beyond the interval's better end on",
    "open": "within the interval on",
    "reached": "reached by the whole interval on",
    "one seed": "without a verdict, for want of seeds, on",
}
NAMES = {"params": "the parameters", "time": "the time"}


def judged(claim: float, low: float, high: float) -> str:
    """What an interval of a ratio says of the claim that the ratio is so small, or smaller."""
    if math.isnan(low) or math.isnan(high):
        return "one seed"
    if low > claim:
        return "missed"
    return "reached" if high <= claim else "open"


def claims(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> list[Sentence]:
    """A sentence on what the headline's intervals say of the claims that the study tests.

    Args:
        headline: the reference method against the others, each with its smallest network.
        latency: closed loops that latency binds against the others, each with its fastest.
    """
    claimed = inputs.claimed
    if inputs.duel is None or not claimed:
        return []
    first, second = inputs.duel
    tables = {first: headline[headline["first"] == first]}
    tables |= {name: latency[latency["first"] == name] for name in inputs.bound_by_latency}
    told = []
    for measure, claim in claimed.items():
        clauses = []
        for name, table in tables.items():
            rows = table[table["second"] == second]
            # What latency binds makes a claim on time alone.
            if len(rows) and (name == first or measure == "time"):
                fastest = "" if name == first else f"with the fastest networks of {name} "
                clauses.append(f"{fastest}{_verdicts(rows, measure, claim)}")
        told.append(f"{claim:g}× {NAMES[measure]} is {', and '.join(clauses)}")
    claims = inputs.study.report.claims
    source = claims.source if claims else ""
    text = f"Claims of {source}, {first} against {second}: {'; '.join(told)}."
    sources = ("headline", "latency_headline") if "time" in claimed else ("headline",)
    return [Sentence(text, (*sources, "parameters"))]


def _verdicts(rows: pd.DataFrame, measure: str, claim: float) -> str:
    verdicts = [
        judged(claim, low, high)
        for low, high in zip(rows[f"{measure}_low"], rows[f"{measure}_high"], strict=True)
    ]
    return ", ".join(
        f"{words} {formatting.listed([str(name) for name in tasks])}"
        for verdict, words in VERDICTS.items()
        if (tasks := list(rows.loc[[one == verdict for one in verdicts], "task"]))
    )
