"""Everything that the report computes, once, for the page, the Markdown text and the files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

import pandas as pd

from prunestudy.analysis import budget, curves, decisions, provenance, rank_correlation, summaries
from prunestudy.analysis.cost import pruning_cost
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import (
    checklist,
    control,
    curve_figure,
    findings,
    headline_figure,
    layers,
    limitations,
    size_figures,
    tradeoff,
)
from prunestudy.report.figures import Figure

Made = TypeVar("Made")
# Tables that every report has as files.
TABLES = (
    *("summary", "comparisons", "within_budget", "headline", "criteria", "layer_stages"),
    *("layer_sensitivity", "cost", "oracle", "provenance", "curves", "curve_traits"),
)


def once(make: Callable[..., Made], *names: str) -> "cached_property[Made]":
    """What a function makes of the inputs and the contents of these names."""
    return cached_property(lambda self: make(self.inputs, *(getattr(self, name) for name in names)))


def _against_others(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    return budget.headline(inputs, chosen, [inputs.reference])


def _bound_by_latency(inputs: Inputs, chosen: pd.DataFrame) -> pd.DataFrame:
    return budget.headline(inputs, chosen, inputs.bound_by_latency)


@dataclass(frozen=True)
class Contents:
    """Derived tables, claims and figures of a study; each is computed when it is first read."""

    inputs: Inputs

    # Tables, in the order of the analysis.
    summary = once(summaries.summary)
    comparisons = once(summaries.comparisons)
    within_budget = once(budget.choices)
    headline = once(_against_others, "within_budget")
    fastest = once(partial(budget.choices, order=budget.FASTEST))
    latency_headline = once(_bound_by_latency, "fastest")
    criteria = once(decisions.criteria)
    layer_stages = once(decisions.layer_stages)
    layer_sensitivity = once(decisions.layer_sensitivity)
    cost = once(pruning_cost)
    oracle = once(rank_correlation.oracle)
    provenance = once(provenance.provenance)
    seed_curves = once(curves.seed_curves)
    curve_traits = once(curves.curve_traits, "seed_curves")
    curves = once(curves.curves, "seed_curves")

    # Words.
    finding = once(findings.finding, "headline", "comparisons", "latency_headline")
    claims = once(findings.claims, "headline", "latency_headline")
    caveats = once(limitations.caveats, "headline", "cost")
    checklist = once(checklist.checklist, "summary")

    # Figures; those of one picture are none where there is nothing to draw.
    headline_figure = once(headline_figure.headline_figure, "headline", "latency_headline")
    tradeoff_figures = once(tradeoff.tradeoff_figures, "summary")
    controls_figure = once(tradeoff.controls_figure, "summary")
    curve_figure = once(curve_figure.curve_figure, "curves")
    size_figures = once(size_figures.size_figures, "within_budget", "fastest")
    control_figure = once(control.control_figure)
    layer_figure = once(layers.layer_figure, "layer_stages")
    sensitivity_figure = once(layers.sensitivity_figure, "layer_sensitivity")

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in the order of the report."""
        found = [
            *(self.headline_figure, *self.tradeoff_figures, self.controls_figure),
            *(self.curve_figure, *self.size_figures, self.control_figure),
            *(self.layer_figure, self.sensitivity_figure),
        ]
        return [figure for figure in found if figure is not None]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The derived tables by file name, without ending."""
        names = {name: name for name in TABLES}
        if self.inputs.bound_by_latency:
            names |= {"fastest_within_budget": "fastest", "latency_headline": "latency_headline"}
        return {name: getattr(self, attribute) for name, attribute in names.items()}
