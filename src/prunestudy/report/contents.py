"""Everything that the report computes, once, for the page, the Markdown text and the files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from typing import TypeVar

import pandas as pd

from prunestudy.analysis import (
    beyond_mean,
    budget,
    curves,
    decisions,
    gpu_latency,
    provenance,
    rank_correlation,
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
    *("summary", "comparisons", "within_budget", "headline", "criteria", "layer_stages"),
    *("layer_sensitivity", "cost", "rank_correlation", "provenance", "curves", "curve_traits"),
)


def once(make: Callable[..., Made], *names: str) -> "cached_property[Made]":
    """What a function makes of the inputs and the contents of these names."""
    return cached_property(lambda self: make(self.inputs, *(getattr(self, name) for name in names)))


def _headline(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    asked = [question.pair for question in inputs.questions]
    return budget.headline(inputs, chosen, inputs.pairs, asked)


def _latency_headline(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    """Loops that latency binds against every other method; the first question asks of them too."""
    loops = inputs.bound_by_latency
    pairs = [(loop, other) for loop in loops for other in inputs.methods if other != loop]
    asked = [question.against for question in inputs.questions[:1]]
    return budget.headline(inputs, chosen, pairs, list(product(loops, asked)))


@dataclass(frozen=True)
class Contents:
    """Derived tables, claims and figures of a study; each is computed when it is first read."""

    inputs: Inputs

    # Tables, in the order of the analysis.
    summary = once(summaries.summary)
    comparisons = once(summaries.comparisons)
    within_budget = once(budget.choices)
    headline = once(_headline, "within_budget")
    fastest = once(partial(budget.choices, order=budget.FASTEST))
    latency_headline = once(_latency_headline, "fastest")
    criteria = once(decisions.criteria)
    layer_stages = once(decisions.layer_stages)
    layer_sensitivity = once(decisions.layer_sensitivity)
    cost = once(pruning_cost)
    rank_correlation = once(rank_correlation.rank_correlation)
    gpu_latency = once(gpu_latency.gpu_latency)
    beyond_mean = once(beyond_mean.beyond_mean)
    provenance = once(provenance.provenance)
    seed_curves = once(curves.seed_curves)
    curve_traits = once(curves.curve_traits, "seed_curves")
    curves = once(curves.curves, "seed_curves")

    # Words.
    finding = once(findings.finding, "headline", "comparisons", "latency_headline")
    claims = once(findings.claims, "headline", "latency_headline")
    limitations = once(limits_of, "headline", "cost")
    checklist = once(checklist.checklist, "summary")

    # Figures; those of one picture are none where there is nothing to draw.
    headline_figures = once(headline_figures.headline_figures, "headline", "latency_headline")
    tradeoff_figures = once(tradeoff.tradeoff_figures, "summary")
    baselines_figure = once(tradeoff.baselines_figure, "summary")
    curve_figure = once(curve_figure.curve_figure, "curves")
    size_figures = once(size_figures.size_figures, "within_budget", "fastest")
    controller_figure = once(controller.controller_figure)
    layer_figure = once(layer_figures.layer_figure, "layer_stages")
    sensitivity_figure = once(layer_figures.sensitivity_figure, "layer_sensitivity")
    beyond_mean_figure = once(beyond_mean_figure, "beyond_mean")

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in the order of the report."""
        found = [*self.headline_figures, *self.tradeoff_figures, self.baselines_figure]
        found += [self.curve_figure, *self.size_figures, self.controller_figure]
        found += [self.layer_figure, self.sensitivity_figure, self.beyond_mean_figure]
        return [figure for figure in found if figure is not None]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The derived tables by file name, without ending."""
        names = {name: name for name in TABLES}
        if self.inputs.bound_by_latency:
            names |= {"fastest_within_budget": "fastest", "latency_headline": "latency_headline"}
        if len(self.beyond_mean):
            names |= {"beyond_mean": "beyond_mean"}
        if self.inputs.gpus:
            names |= {"gpu_latency": "gpu_latency"}
        return {name: getattr(self, attribute) for name, attribute in names.items()}
