"""Everything that the report computes, once, for the page, the Markdown text and the files."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from prunestudy.analysis import budget, curves, provenance, rank_correlation, summaries
from prunestudy.analysis.inputs import Inputs
from prunestudy.report import (
    checklist,
    claims,
    control,
    curve_figure,
    findings,
    headline_figure,
    layers,
    limitations,
    size_figures,
    tradeoff,
)
from prunestudy.report.blocks import Sentence
from prunestudy.report.checks import Item
from prunestudy.report.figures import Figure


@dataclass(frozen=True)
class Contents:
    """The derived tables, claims and figures of a study."""

    inputs: Inputs

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means and intervals by task, method and operating point."""
        return summaries.summary(self.inputs)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Paired comparisons at the same operating point."""
        return summaries.comparisons(self.inputs)

    @cached_property
    def within_budget(self) -> pd.DataFrame:
        """The smallest network within the budget, by task, seed and method."""
        return budget.choices(budget.measured_once(self.inputs))

    @cached_property
    def headline(self) -> pd.DataFrame:
        """The reference method against each other one on those networks."""
        return budget.headline(self.inputs, self.within_budget)

    @cached_property
    def fastest(self) -> pd.DataFrame:
        """The fastest network within the budget, by task, seed and method."""
        return budget.choices(budget.measured_once(self.inputs), budget.FASTEST)

    @cached_property
    def latency_headline(self) -> pd.DataFrame:
        """Closed loops bound by latency against each other method on those networks."""
        return budget.latency_headline(self.inputs, self.fastest)

    @cached_property
    def criteria(self) -> pd.DataFrame:
        """The record of every criterion in a closed loop."""
        return summaries.criteria(self.inputs)

    @cached_property
    def cost(self) -> pd.DataFrame:
        """Time and epochs of pruning."""
        return summaries.pruning_cost(self.inputs)

    @cached_property
    def seed_curves(self) -> pd.DataFrame:
        """Training curves of every seed."""
        return curves.seed_curves(self.inputs)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Training curves over seeds."""
        return curves.curves(self.inputs, self.seed_curves)

    @cached_property
    def curve_traits(self) -> pd.DataFrame:
        """Whether training curves are lower and smoother."""
        return curves.curve_traits(self.inputs, self.seed_curves)

    @cached_property
    def finding(self) -> list[Sentence]:
        """The finding's sentences."""
        return findings.finding(self.inputs, self.headline, self.comparisons, self.latency_headline)

    @cached_property
    def claims(self) -> list[Sentence]:
        """What the intervals say of others' claims."""
        return claims.claims(self.inputs, self.headline, self.latency_headline)

    @cached_property
    def headline_figure(self) -> Figure | None:
        """The headline's intervals."""
        return headline_figure.headline_figure(self.inputs, self.headline, self.latency_headline)

    @cached_property
    def caveats(self) -> list[Sentence]:
        """What stands beside the finding."""
        return limitations.caveats(self.inputs, self.headline, self.cost)

    @cached_property
    def checklist(self) -> list[Item]:
        """The evaluated checklist."""
        return checklist.checklist(self.inputs, self.summary)

    @cached_property
    def oracle(self) -> pd.DataFrame:
        """How far quality before retraining tells the one after it."""
        return rank_correlation.oracle(self.inputs)

    @cached_property
    def provenance(self) -> pd.DataFrame:
        """Artifact, digest, key, commit and command behind every network."""
        return provenance.provenance(self.inputs)

    @cached_property
    def tradeoff_figures(self) -> list[Figure]:
        """Quality against cost."""
        return tradeoff.tradeoff_figures(self.inputs, self.summary)

    @cached_property
    def controls_figure(self) -> Figure | None:
        """The reference method beside its controls."""
        return tradeoff.controls_figure(self.inputs, self.summary)

    @cached_property
    def curve_figure(self) -> Figure | None:
        """The training curves."""
        return curve_figure.curve_figure(self.inputs, self.curves)

    @cached_property
    def size_figures(self) -> list[Figure]:
        """Parameters and time within the budget."""
        return size_figures.size_figures(self.inputs, self.within_budget, self.fastest)

    @cached_property
    def control_figure(self) -> Figure | None:
        """The controller's moves."""
        return control.control_figure(self.inputs)

    @cached_property
    def layer_stages(self) -> pd.DataFrame:
        """What closed loops left of each layer, stage by stage."""
        return layers.layer_stages(self.inputs)

    @cached_property
    def layer_sensitivity(self) -> pd.DataFrame:
        """What each layer alone can lose."""
        return layers.sensitivity(self.inputs)

    @cached_property
    def layer_figure(self) -> Figure | None:
        """Layers by stages."""
        return layers.layer_figure(self.inputs, self.layer_stages)

    @cached_property
    def sensitivity_figure(self) -> Figure | None:
        """Quality lost by each layer alone."""
        return layers.sensitivity_figure(self.inputs, self.layer_sensitivity)

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in the order of the report."""
        found = [
            self.headline_figure,
            *self.tradeoff_figures,
            self.controls_figure,
            self.curve_figure,
        ]
        found += [*self.size_figures, self.control_figure]
        found += [self.layer_figure, self.sensitivity_figure]
        return [figure for figure in found if figure is not None]

    @property
    def _bound_by_latency(self) -> dict[str, pd.DataFrame]:
        if not self.inputs.bound_by_latency:
            return {}
        return {
            "fastest_within_budget": self.fastest,
            "latency_headline": self.latency_headline,
        }

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The derived tables by file name, without ending."""
        return {
            "summary": self.summary,
            "comparisons": self.comparisons,
            "within_budget": self.within_budget,
            "headline": self.headline,
            **self._bound_by_latency,
            "criteria": self.criteria,
            "layer_stages": self.layer_stages,
            "layer_sensitivity": self.layer_sensitivity,
            "cost": self.cost,
            "oracle": self.oracle,
            "provenance": self.provenance,
            "curves": self.curves,
            "curve_traits": self.curve_traits,
        }
