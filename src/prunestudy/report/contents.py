"""Everything that the report computes, once, for the page, the Markdown text and the files."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from prunestudy.analysis import (
    budget,
    cost,
    curves,
    decisions,
    provenance,
    rank_correlation,
    summaries,
)
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

# Tables that every report has as files.
TABLES = (
    *("summary", "comparisons", "within_budget", "headline", "criteria", "layer_stages"),
    *("layer_sensitivity", "cost", "oracle", "provenance", "curves", "curve_traits"),
)


@dataclass(frozen=True)
class Contents:
    """Derived tables, claims and figures of a study; each is computed when it is first read."""

    inputs: Inputs

    # Tables, in the order of the analysis.
    summary = cached_property(lambda self: summaries.summary(self.inputs))
    comparisons = cached_property(lambda self: summaries.comparisons(self.inputs))
    within_budget = cached_property(lambda self: budget.choices(self.inputs))
    headline = cached_property(
        lambda self: budget.headline(self.inputs, self.within_budget, [self.inputs.reference])
    )
    fastest = cached_property(lambda self: budget.choices(self.inputs, budget.FASTEST))
    latency_headline = cached_property(
        lambda self: budget.headline(self.inputs, self.fastest, self.inputs.bound_by_latency)
    )
    criteria = cached_property(lambda self: decisions.criteria(self.inputs))
    layer_stages = cached_property(lambda self: decisions.layer_stages(self.inputs))
    layer_sensitivity = cached_property(lambda self: decisions.layer_sensitivity(self.inputs))
    cost = cached_property(lambda self: cost.pruning_cost(self.inputs))
    oracle = cached_property(lambda self: rank_correlation.oracle(self.inputs))
    provenance = cached_property(lambda self: provenance.provenance(self.inputs))
    seed_curves = cached_property(lambda self: curves.seed_curves(self.inputs))
    curves = cached_property(lambda self: curves.curves(self.inputs, self.seed_curves))
    curve_traits = cached_property(lambda self: curves.curve_traits(self.inputs, self.seed_curves))

    # Words.
    finding = cached_property(
        lambda self: findings.finding(
            self.inputs, self.headline, self.comparisons, self.latency_headline
        )
    )
    claims = cached_property(
        lambda self: findings.claims(self.inputs, self.headline, self.latency_headline)
    )
    caveats = cached_property(
        lambda self: limitations.caveats(self.inputs, self.headline, self.cost)
    )
    checklist = cached_property(lambda self: checklist.checklist(self.inputs, self.summary))

    # Figures; those of one picture are none where there is nothing to draw.
    headline_figure = cached_property(
        lambda self: headline_figure.headline_figure(
            self.inputs, self.headline, self.latency_headline
        )
    )
    tradeoff_figures = cached_property(
        lambda self: tradeoff.tradeoff_figures(self.inputs, self.summary)
    )
    controls_figure = cached_property(
        lambda self: tradeoff.controls_figure(self.inputs, self.summary)
    )
    curve_figure = cached_property(lambda self: curve_figure.curve_figure(self.inputs, self.curves))
    size_figures = cached_property(
        lambda self: size_figures.size_figures(self.inputs, self.within_budget, self.fastest)
    )
    control_figure = cached_property(lambda self: control.control_figure(self.inputs))
    layer_figure = cached_property(lambda self: layers.layer_figure(self.inputs, self.layer_stages))
    sensitivity_figure = cached_property(
        lambda self: layers.sensitivity_figure(self.inputs, self.layer_sensitivity)
    )

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
