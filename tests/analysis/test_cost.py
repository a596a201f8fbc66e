"""What pruning cost, and what the controllers did, counted by hand from made-up logs."""

from pathlib import Path

import pytest

from tests.report.fabricated import contents_of


def test_a_trajectory_costs_what_its_log_or_its_epochs_tell(tmp_path: Path) -> None:
    cost = contents_of(tmp_path).cost.set_index(["task", "method"])
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


def test_layers_are_counted_stage_by_stage(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    stages = contents.layer_stages
    first = stages[(stages["task"] == "numbers") & (stages["seed"] == 0)]
    assert first["verdict"].unique().tolist() == ["analysed", "accepted", "final", "mapped"]
    assert first.loc[first["verdict"] == "analysed", "units"].tolist() == [20, 10]
    assert first.loc[first["verdict"] == "accepted", "share"].tolist() == [17 / 20, 7 / 10]
    sensitivity = contents.layer_sensitivity
    assert sensitivity["n"].tolist() == [5, 5]
    assert sensitivity["drop"].tolist() == pytest.approx([0.01, 0.01])


def test_each_criterion_is_counted_over_all_seeds(tmp_path: Path) -> None:
    criteria = contents_of(tmp_path).criteria.set_index(["task", "criterion"])
    # A seed's log: magnitude accepted and rolled back once; gradient not chosen once, mapped once.
    counts = ["proposals", "chosen", "accepted", "rolled_back", "beyond_the_budget", "refined"]
    assert criteria.loc[("numbers", "magnitude"), counts].tolist() == [10, 10, 5, 5, 0, 0]
    assert criteria.loc[("numbers", "gradient"), counts].tolist() == [10, 5, 0, 0, 5, 0]
