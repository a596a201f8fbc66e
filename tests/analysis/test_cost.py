"""What pruning cost, and what the controllers did, counted by hand from made-up logs."""

import pytest

from prunestudy.analysis.cost import pruning_cost
from prunestudy.analysis.decisions import criteria, layer_sensitivity, layer_stages
from prunestudy.analysis.inputs import Inputs, read_inputs
from prunestudy.plan.plan import Plan
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


def test_each_criterion_is_counted_over_all_seeds(inputs: Inputs) -> None:
    told = criteria(inputs).set_index(["task", "criterion"])
    # A seed's log: magnitude accepted and rolled back once; gradient not chosen once, mapped once.
    counts = ["proposals", "chosen", "accepted", "rolled_back", "beyond_the_budget", "refined"]
    assert told.loc[("numbers", "magnitude"), counts].tolist() == [10, 10, 5, 5, 0, 0]
    assert told.loc[("numbers", "gradient"), counts].tolist() == [10, 5, 0, 0, 5, 0]
