"""The numbers that ``dvc metrics`` shows and compares, with the finding in words."""

import math
from collections.abc import Hashable
from typing import Any

from prunestudy.analysis.claims import of_pair
from prunestudy.analysis.measures import AREA, SIZE
from prunestudy.params.report_settings import Question
from prunestudy.report.contents import Contents

DECIMALS = 6


def metrics(contents: Contents) -> dict[str, Any]:
    """Finding, headline by task, and quality, area and size by task and method."""
    inputs = contents.inputs
    tasks: dict[str, dict[str, dict[str, float]]] = {}

    def of(row: dict[Hashable, Any]) -> dict[str, float]:
        return tasks.setdefault(row["task"], {}).setdefault(row["method"], {})

    for row in contents.summary.to_dict("records"):
        of(row)[f"test_at_{row['point']}"] = row["test_mean"]
        if row["point"] == "final":
            of(row)["compression_final"] = row["compression_geomean"]
    for row in contents.area_summary.to_dict("records"):
        of(row)["area"] = row["mean"]
    for row in contents.size_within_budget.to_dict("records"):
        of(row)["compression_within_budget"] = row["compression"]
        of(row)["budget_holds_on_test"] = row["held_share"]
    # The first question's numbers; those of further ones are named after their methods.
    headlines = {
        "_against_".join(question.pair) if place else "headline": _headline(contents, question)
        for place, question in enumerate(inputs.questions)
    }
    said = (*contents.answers, *contents.further, *contents.claims, *contents.beside)
    finding = [sentence.text for sentence in said]
    return _rounded({"finding": finding, "headline": {}, **headlines, "tasks": tasks})


def _headline(contents: Contents, question: Question) -> dict[str, dict[str, Any]]:
    """What a question comes to on each task, in quality at equal size and size."""
    found: dict[str, dict[str, Any]] = {}
    for measure in (AREA, SIZE):
        for row in of_pair(contents.comparisons, measure, *question.pair).to_dict("records"):
            own = found.setdefault(row["task"], {})
            own[f"{measure.name}_{measure.kind}"] = row["estimate"]
            own |= {f"{measure.name}_{part}": row[part] for part in ("low", "high", "verdict")}
    return found


def _rounded(value: Any) -> Any:
    """Rounded for reading; numbers that do not exist are left out."""
    if isinstance(value, dict):
        return {
            key: _rounded(inner)
            for key, inner in value.items()
            if not (isinstance(inner, float) and not math.isfinite(inner))
        }
    return round(value, DECIMALS) if isinstance(value, float) else value
