"""The numbers that ``dvc metrics`` shows and compares, with the finding in words."""

import math
from typing import Any

from prunestudy.analysis.budget import MEASURES
from prunestudy.analysis.claims import of_pair
from prunestudy.analysis.statistics import summarise_ratios
from prunestudy.report.contents import Contents

DECIMALS = 6


def metrics(contents: Contents) -> dict[str, Any]:
    """Finding, headline by task, and quality and compression by task and method."""
    inputs = contents.inputs
    tasks: dict[str, dict[str, dict[str, float]]] = {}
    for row in contents.summary.to_dict("records"):
        numbers = tasks.setdefault(row["task"], {}).setdefault(row["method"], {})
        numbers[f"test_at_{row['point']}"] = row["test_mean"]
        if row["point"] == "final":
            numbers["compression_final"] = row["compression_geomean"]
    for (task, method), chosen in contents.within_budget.groupby(["task", "method"], sort=False):
        compression = summarise_ratios(chosen["compression"].tolist()).mean
        tasks[str(task)][str(method)]["compression_within_budget"] = compression
    # The first question's numbers; those of further ones are named after their methods.
    headlines = {
        "_against_".join(question.pair) if place else "headline": {
            row["task"]: {measure.mean: row[measure.mean] for measure in MEASURES}
            for row in of_pair(contents.headline, *question.pair).to_dict("records")
        }
        for place, question in enumerate(inputs.questions)
    }
    finding = [sentence.text for sentence in (*contents.finding, *contents.claims)]
    return _rounded({"finding": finding, "headline": {}, **headlines, "tasks": tasks})


def _rounded(value: Any) -> Any:
    """Rounded for reading; numbers that do not exist are left out."""
    if isinstance(value, dict):
        return {
            key: _rounded(inner)
            for key, inner in value.items()
            if not (isinstance(inner, float) and not math.isfinite(inner))
        }
    return round(value, DECIMALS) if isinstance(value, float) else value
