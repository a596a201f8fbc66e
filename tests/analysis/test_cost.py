"""What pruning cost, and what the controllers did, counted by hand from made-up logs."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from prunestudy.analysis.cost import pruning_cost
from prunestudy.analysis.curves import curve_traits, curves, seed_curves
from prunestudy.analysis.decisions import criteria, layer_sensitivity, layer_stages
from prunestudy.analysis.inputs import Inputs, read_inputs
from prunestudy.analysis.statistics import family_levels, holm
from prunestudy.plan.plan import Plan
from tests.analysis.raw import folded
from tests.report.fabricated import make_study, write_tables


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """What the analysis reads of made-up tables."""
    study, folder = make_study(), tmp_path_factory.mktemp("cost") / "given"
    write_tables(study, folder, 300, 0.0)
    return read_inputs(Plan(study), folder, "f" * 64)


def test_a_trajectory_costs_what_its_log_or_its_epochs_tell(inputs: Inputs) -> None:
    cost = pruning_cost(inputs).set_index(["task", "method"])
    # The loop's log ends with seven epochs and 14 evaluations; each of two networks of traditional
    # has four epochs, with an evaluation each.
    for task in ("numbers", "classes"):
        assert cost.loc[
            (task, "adaptive"), ["epochs_trained_mean", "evaluations_mean"]
        ].tolist() == [7, 14]
        assert cost.loc[
            (task, "traditional"), ["epochs_trained_mean", "evaluations_mean"]
        ].tolist() == [8, 8]
        assert cost.loc[(task, "adaptive"), ["n", "networks_mean"]].tolist() == [5, 3]
        # Five seeds took 5 to 9 seconds.
        assert cost.loc[(task, "adaptive"), "seconds_mean"] == pytest.approx(7)


def test_layers_are_counted_stage_by_stage(inputs: Inputs) -> None:
    stages = layer_stages(inputs)
    first = stages[(stages["task"] == "numbers") & (stages["seed"] == 0)]
    assert first["verdict"].unique().tolist() == ["analysed", "accepted", "final", "mapped"]
    assert first.loc[first["verdict"] == "analysed", "units"].tolist() == [20, 10]
    assert first.loc[first["verdict"] == "accepted", "share"].tolist() == [17 / 20, 7 / 10]
    sensitivity = layer_sensitivity(inputs)
    assert sensitivity["n"].tolist() == [5, 5]
    assert sensitivity["drop"].tolist() == pytest.approx([0.01, 0.01])


def test_folds_widen_every_interval_over_seeds(inputs: Inputs) -> None:
    seeds = inputs.decisions["seed"]
    uneven = inputs.decisions.assign(val_after=inputs.decisions["val_after"] + seeds / 1e3)
    plain = replace(inputs, decisions=uneven)
    wide = replace(plain, study=folded(plain.study))
    paths = seed_curves(plain)
    ends = {"drop": layer_sensitivity, "seconds": pruning_cost}
    widths = {
        name: [table[f"{name}_high"] - table[f"{name}_low"] for table in map(make, (plain, wide))]
        for name, make in ends.items()
    }
    logs = [np.log(curves(one, paths)[["val_loss_low", "val_loss_high"]]) for one in (plain, wide)]
    widths["loss"] = [one["val_loss_high"] - one["val_loss_low"] for one in logs]
    for own, other in widths.values():
        assert (own > 1e-9).any()
        # One fold of five to the four others, five seeds.
        assert (other[own > 1e-9] / own[own > 1e-9]).tolist() == pytest.approx(
            [math.sqrt(1 + 5 / 4)] * int((own > 1e-9).sum())
        )


def test_traits_of_curves_are_families(inputs: Inputs) -> None:
    table = curve_traits(inputs, uneven_paths(inputs))
    assert len(table) == 4
    for trait, own in table.groupby("trait"):
        assert set(own["family"]) == {2}, trait
        assert own["p_t_holm"].tolist() == pytest.approx(holm(own["p_t"].tolist()))
        levels = [near for near, _away in family_levels(own["p_t"].tolist(), 0.95)]
        assert own["level"].tolist() == levels
        told = own["verdict"].isin(["better", "worse"])
        assert (told == (own["p_t_holm"] < 0.05)).all()
    final = table[table["trait"] == "final"].set_index("task")
    assert final.loc["numbers", "verdict"] == "better"
    assert final.loc["classes", "verdict"] == "undecided"


def uneven_paths(inputs: Inputs) -> pd.DataFrame:
    """Curves of which one task's are much lower for the focus, and the other's a little."""
    paths = seed_curves(inputs)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(paths))
    gain = paths["task"].map({"numbers": 1.0, "classes": 0.12})
    return paths.assign(
        val_loss=paths["val_loss"] * np.exp(noise - gain * (paths["method"] == "adaptive"))
    )


def test_each_criterion_is_counted_over_all_seeds(inputs: Inputs) -> None:
    told = criteria(inputs).set_index(["task", "criterion"])
    # A seed's log: magnitude accepted and rolled back once; gradient not chosen once, mapped once.
    counts = ["proposals", "chosen", "accepted", "rolled_back", "beyond_the_budget", "refined"]
    assert told.loc[("numbers", "magnitude"), counts].tolist() == [10, 10, 5, 5, 0, 0]
    assert told.loc[("numbers", "gradient"), counts].tolist() == [10, 5, 0, 0, 5, 0]
