"""Everything that the report computes, once, for the page, the Markdown text and the files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd

from prunestudy.analysis import (
    area,
    beyond_mean,
    budget,
    claims,
    comparisons,
    curves,
    decisions,
    further_metrics,
    gpu_latency,
    mean_rank,
    overview,
    provenance,
    rank_correlation,
    references,
    regret,
    size_curves,
    sizes,
    summaries,
)
from prunestudy.analysis.cost import pruning_cost
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import (
    checklist,
    controller,
    curve_figure,
    findings,
    headline_figures,
    layer_figures,
    size_figures,
    tradeoff,
)
from prunestudy.report.beyond_mean import beyond_mean_figure
from prunestudy.report.figures import Figure
from prunestudy.report.limitations import limits_of

Made = TypeVar("Made")
# Tables that every report has as files.
TABLES = (
    *("summary", "area", "area_summary", "matched", "sizes", "size_within_budget"),
    *("comparisons", "regret", "mean_rank", "within_budget", "overview", "criteria"),
    *(
        "layer_stages",
        "layer_sensitivity",
        "cost",
        "rank_correlation",
        "provenance",
        "curves",
        "curve_traits",
    ),
)


def once(make: Callable[..., Made], *names: str) -> "cached_property[Made]":
    """What a function makes of the inputs and the contents of these names."""
    return cached_property(lambda self: make(self.inputs, *(getattr(self, name) for name in names)))


@dataclass(frozen=True)
class Contents:
    """Derived tables, claims and figures of a study; each is computed when it is first read."""

    inputs: Inputs

    # Tables, in the order of the analysis.
    summary = once(summaries.summary)
    within_budget = once(budget.choices)
    overview = once(overview.overview, "within_budget")
    fastest = once(budget.fastest)
    fastest_summary = once(budget.fastest_summary, "fastest")
    size_curves = once(size_curves.size_curves)
    matched = once(area.matched, "size_curves")
    area_summary = once(area.area_summary, "area")
    area = once(area.area, "size_curves")
    size_within_budget = once(sizes.within_budget, "sizes")
    sizes = once(sizes.sizes, "size_curves")
    comparisons = once(comparisons.comparisons, "size_curves", "sizes", "fastest")
    regret = once(regret.regret, "area")
    mean_rank = once(mean_rank.mean_rank, "area")
    criteria = once(decisions.criteria)
    layer_stages = once(decisions.layer_stages)
    layer_sensitivity = once(decisions.layer_sensitivity)
    cost = once(pruning_cost)
    rank_correlation = once(rank_correlation.rank_correlation)
    gpu_latency = once(gpu_latency.gpu_latency)
    beyond_mean = once(beyond_mean.beyond_mean)
    further_metrics = once(further_metrics.further_metrics)
    references = once(references.references)
    provenance = once(provenance.provenance)
    seed_curves = once(curves.seed_curves)
    curve_traits = once(curves.curve_traits, "seed_curves")
    curves = once(curves.curves, "seed_curves")

    # Words.
    statements = once(claims.statements, "comparisons", "regret", "mean_rank")
    answers = once(findings.answers, "statements", "size_within_budget")
    further = once(findings.further, "statements", "size_within_budget")
    claims = once(findings.claims, "comparisons")
    beside = once(findings.beside, "statements", "size_within_budget")
    limitations = once(limits_of, "area", "cost", "references")
    checklist = once(checklist.checklist, "summary")

    # Figures; those of one picture are none where there is nothing to draw.
    others_figure = once(headline_figures.others_figure, "comparisons")
    headline_figures = once(headline_figures.headline_figures, "comparisons")
    tradeoff_figures = once(tradeoff.tradeoff_figures, "summary")
    baselines_figure = once(tradeoff.baselines_figure, "summary")
    curve_figure = once(curve_figure.curve_figure, "curves")
    size_figure = once(size_figures.size_figure, "sizes", "size_within_budget")
    fastest_figure = once(size_figures.fastest_figure, "fastest", "fastest_summary", "comparisons")
    controller_figure = once(controller.controller_figure)
    layer_figure = once(layer_figures.layer_figure, "layer_stages")
    sensitivity_figure = once(layer_figures.sensitivity_figure, "layer_sensitivity")
    beyond_mean_figure = once(beyond_mean_figure, "beyond_mean")

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in the order of the report."""
        found = [*self.headline_figures, self.others_figure, *self.tradeoff_figures]
        found += [self.baselines_figure, self.curve_figure, self.size_figure, self.fastest_figure]
        found += [self.controller_figure, self.layer_figure, self.sensitivity_figure]
        found += [self.beyond_mean_figure]
        return [figure for figure in found if figure is not None]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The derived tables by file name, without ending."""
        names = {name: name for name in TABLES}
        if self.inputs.bound_by_latency:
            names |= {"fastest_within_budget": "fastest"}
        if len(self.beyond_mean):
            names |= {"beyond_mean": "beyond_mean"}
        if len(self.further_metrics):
            names |= {"further_metrics": "further_metrics"}
        if len(self.references):
            names |= {"reference_comparisons": "references"}
        if self.inputs.gpus:
            names |= {"gpu_latency": "gpu_latency"}
        return {name: getattr(self, attribute) for name, attribute in names.items()}
