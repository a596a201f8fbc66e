"""Methods that look at another one, or back at the dense training: like:, rewinding, controls."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from prunestudy.errors import CellFailure
from prunestudy.evaluation.cost import count_macs, count_nonzero, count_params
from prunestudy.networks.storage import read_masked_network, read_network
from prunestudy.networks.unit_graph import UnitGraph
from prunestudy.params.settings import Task
from prunestudy.pruning.baselines.from_scratch import initialised
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.masks import maskable
from prunestudy.pruning.settings import OpenLoop, WeightSharing
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.store.tables import read_table, write_table
from prunestudy.store.trajectories import write_failure
from prunestudy.training.dense import INITIAL_FILE, NETWORK_FILE, train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of

POINTS = [2.0, 4.0]
DENSE_PARAMS = 30 * 12 + 12 + 12 * 8 + 8 + 8 * 2 + 2
TASK = Task.model_validate(
    {
        "data": {"name": "wdbc"},
        "network": {"name": "mlp", "hidden": [12, 8]},
        "loss": "cross_entropy",
        "metric": "accuracy",
        "training": {"epochs": 5, "lr": 0.01, "lr_schedule": "one_cycle"},
        "retraining": {"epochs": 3, "lr": 0.004, "lr_schedule": "constant"},
        "requirements": {"max_drop": 0.05},
    }
)


@dataclass(frozen=True)
class Study:
    """A dense network, and a place for trajectories from it."""

    data: Path
    dense: Path
    compute: Compute
    folder: Path

    def run(
        self, name: str, *others: Path, repeated: OpenLoop | None = None, **method: Any
    ) -> Path:
        """The folder of a method's trajectory; others are called by their folders."""
        out, key = self.folder / name, f"key of {name}"
        inputs = Inputs(self.data, self.dense, {other.name: other for other in others})
        prune(TASK, method_of(**method), POINTS, 0, self.compute, inputs, out, key, repeated)
        return out


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, prepared_file: Callable, cpu: Compute) -> Study:
    """The dense network is trained once for all tests."""
    folder = tmp_path_factory.mktemp("references")
    data = prepared_file("wdbc")
    train_dense(
        TASK.network,
        Objective(TASK.loss, TASK.metric),
        TASK.training,
        cpu,
        0,
        data,
        folder / "dense",
        "key",
    )
    return Study(data, folder / "dense", cpu, folder)


@pytest.fixture
def here(study: Study, tmp_path: Path) -> Study:
    """The same with a folder of the test's own."""
    return Study(study.data, study.dense, study.compute, tmp_path)


def networks(folder: Path) -> dict[str, pd.Series]:
    """Rows of a trajectory's networks, by point."""
    return {row["point"]: row for _, row in read_table(folder / "networks.csv").iterrows()}


def widths(folder: Path, point: str) -> dict[str, int]:
    """Units of each layer of a kept network."""
    network, spec = read_network(folder / f"{point}.safetensors")
    return UnitGraph(network, spec.example()).widths


def counts(folder: Path, point: str) -> dict[str, int]:
    """Unmasked weights of each layer of a kept network."""
    network, _spec, masks = read_masked_network(folder / f"{point}.safetensors")
    assert masks is not None
    parameters = dict(network.named_parameters())
    return {
        name: int(masks[name].sum()) if name in masks else parameters[name].numel()
        for name in maskable(network)
    }


# The proportions of another method.


def test_like_a_method_takes_its_widths_at_each_point(here: Study):
    other = here.run("other", criterion="taylor", allocation="global", score_norm="layer")
    like = here.run("like", other, criterion="random", layer_ratios_from="other")
    assert list(networks(like)) == list(networks(other)) == ["2", "4"]
    for point in ("2", "4"):
        assert widths(like, point) == widths(other, point)
        assert networks(like)[point]["epochs"] == 3
    # A ranking of all layers does not give what a uniform ratio gives.
    uniform = here.run("uniform", criterion="random")
    assert widths(uniform, "2") != widths(other, "2")
    # The criterion that chooses is the method's own.
    first, second = (read_network(folder / "4.safetensors")[1].removed for folder in (other, like))
    assert {name: len(gone) for name, gone in first.items()} == {
        name: len(gone) for name, gone in second.items()
    }
    assert first != second


def test_like_a_closed_loop_has_a_final_network_too(here: Study):
    controller = Controller(criteria=["magnitude"], trial_batches=1)
    other = here.run("other", schedule="closed_loop", allocation="global", controller=controller)
    like = here.run("like", other, criterion="magnitude", layer_ratios_from="other")
    assert set(networks(like)) == set(networks(other)) == {"2", "4", "final"}
    for point in ("2", "4", "final"):
        assert widths(like, point) == widths(other, point)
        assert networks(like)[point]["epochs"] == 3


def test_like_a_method_takes_its_counts_of_weights(here: Study):
    weights = {"granularity": "unstructured"}
    other = here.run(
        "other", criterion="magnitude", allocation="global", score_norm="none", **weights
    )
    like = here.run("like", other, criterion="random", layer_ratios_from="other", **weights)
    uniform = here.run("uniform", criterion="random", **weights)
    for point in ("2", "4"):
        assert counts(like, point) == counts(other, point) != counts(uniform, point)
        for folder in (like, other, uniform):
            network, _spec, masks = read_masked_network(folder / f"{point}.safetensors")
            assert count_nonzero(network, masks) == DENSE_PARAMS // int(point)
    mine, theirs = (read_masked_network(folder / "4.safetensors")[2] for folder in (like, other))
    assert not all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_like_a_method_of_both_granularities_takes_widths_and_counts(here: Study):
    both = {"granularity": "hybrid", "criterion": "magnitude"}
    other = here.run("other", allocation="global", score_norm="none", **both)
    like = here.run("like", other, layer_ratios_from="other", **both)
    for point in ("2", "4"):
        assert widths(like, point) == widths(other, point)
        assert counts(like, point) == counts(other, point)


def test_a_point_that_the_other_method_missed_is_missed_with_its_name(here: Study):
    other = here.run("other", criterion="magnitude", min_width_ratio=0.3)
    like = here.run("like", other, criterion="random", layer_ratios_from="other")
    assert "4" not in networks(other)
    assert list(networks(like)) == list(networks(other))
    [row] = read_table(like / "unreachable.csv").to_dict("records")
    assert row == {"point": "4", "reason": "'other' has no network at this point"}


# Rewinding.


def test_rewound_learning_rates_are_the_last_ones_of_the_dense_training(here: Study):
    folder = here.run("rewind", criterion="magnitude", retraining="rewind_lr")
    dense = read_table(here.dense / "history.csv")
    history = read_table(folder / "history.csv")
    assert len(dense["lr"].unique()) == 5
    for point in ("2", "4"):
        rows = history[history["point"] == point]
        assert rows["epoch"].tolist() == [1, 2, 3]
        assert rows["lr"].tolist() == dense["lr"].tolist()[-3:]


def test_finetuning_keeps_the_learning_rate_of_the_retraining(here: Study):
    history = read_table(here.run("finetune", criterion="magnitude") / "history.csv")
    assert set(history["lr"]) == {0.004}


def test_rewound_weights_are_those_of_initialisation_on_the_dense_schedule(
    here: Study, monkeypatch: pytest.MonkeyPatch
):
    from prunestudy.pruning.retrainer import Retrainer

    rewound = []
    real = Retrainer.rewound

    def noted(self: Retrainer, state: Any) -> Any:
        found = real(self, state)
        rewound.append((found.spec, {k: v.clone() for k, v in found.network.state_dict().items()}))
        return found

    monkeypatch.setattr(Retrainer, "rewound", noted)
    folder = here.run("rewind", criterion="magnitude", retraining="rewind_weights")
    initial = read_network(here.dense / INITIAL_FILE)[0]
    assert len(rewound) == 2
    for spec, found in rewound:
        first = [unit for unit in range(12) if unit not in spec.removed["0"]]
        second = [unit for unit in range(8) if unit not in spec.removed["2"]]
        assert torch.equal(found["0.weight"], initial[0].weight[first])
        assert torch.equal(found["0.bias"], initial[0].bias[first])
        assert torch.equal(found["2.weight"], initial[2].weight[second][:, first])
        assert torch.equal(found["4.weight"], initial[4].weight[:, second])
    # The schedule of the dense training, at the length of the retraining: up, then down to zero.
    lr = read_table(folder / "history.csv")["lr"].tolist()[:3]
    assert lr[0] > lr[1] > lr[2] == pytest.approx(0, abs=1e-12)
    assert lr[0] > 0.004


# Controls.


def test_the_dense_control_keeps_the_shape_and_gets_the_epochs(here: Study):
    folder = here.run("extra", baseline="dense_longer")
    [(point, row)] = networks(folder).items()
    assert (point, row["epochs"]) == ("1", 3)
    network, spec = read_network(folder / "1.safetensors")
    dense = read_network(here.dense / NETWORK_FILE)[0]
    assert spec.removed == {}
    assert count_params(network) == count_params(dense) == DENSE_PARAMS
    assert not torch.equal(network[0].weight, dense[0].weight)
    assert set(read_table(folder / "history.csv")["lr"]) == {0.004}


def test_scratch_controls_take_shapes_and_nothing_else(here: Study):
    other = here.run("other", criterion="magnitude", allocation="global", score_norm="none")
    equal = here.run("e", other, baseline="scratch_e", shapes_of="other")
    compute = here.run("b", other, baseline="scratch_b", shapes_of="other")
    dense, spec = read_network(here.dense / NETWORK_FILE)
    for point in ("2", "4"):
        assert widths(equal, point) == widths(compute, point) == widths(other, point)
        assert networks(equal)[point]["epochs"] == 5 + 3
        small = read_network(other / f"{point}.safetensors")[0]
        ratio = count_macs(dense, spec.example()) / count_macs(small, spec.example())
        assert networks(compute)[point]["epochs"] == round(8 * min(ratio, 2))
        epochs = read_table(compute / "history.csv").query("point == @point")["epoch"]
        assert epochs.tolist() == list(range(1, networks(compute)[point]["epochs"] + 1))
    # Nothing but the shapes comes from the other one: with its weights wiped, the start is equal.
    network = read_network(other / "4.safetensors")[0]
    wiped = read_network(other / "4.safetensors")[0]
    with torch.no_grad():
        for parameter in wiped.parameters():
            parameter.zero_()
    fresh, again = (initialised(made, 0).state_dict() for made in (network, wiped))
    assert all(torch.equal(fresh[name], again[name]) for name in fresh)
    assert all(fresh[name].any() for name in fresh)
    assert not any(torch.equal(fresh[name], value) for name, value in network.state_dict().items())
    elsewhere = initialised(network, 1).state_dict()
    assert not torch.equal(fresh["0.weight"], elsewhere["0.weight"])


def test_scratch_controls_pass_on_what_was_unreachable(here: Study):
    other = here.run("other", criterion="magnitude", min_width_ratio=0.3)
    folder = here.run("e", other, baseline="scratch_e", shapes_of="other")
    missed = read_table(other / "unreachable.csv")
    assert missed["point"].tolist() == ["4"]
    assert read_table(folder / "unreachable.csv").equals(missed)


# Fixed ratios with a controller's effort.


def test_equal_compute_retrains_for_all_epochs_that_a_loop_spent_on_each_point(here: Study):
    loop = here.run(
        "loop", schedule="closed_loop", controller=Controller(criteria=["taylor"], trial_batches=1)
    )
    fixed = method_of(criterion="magnitude")
    compute = {"baseline": "equal_compute", "method": "fixed", "effort_of": "loop"}
    folder = here.run("equal", loop, repeated=fixed, **compute)
    spent = read_table(loop / "compute.csv").set_index("point")
    once = here.run("once", criterion="magnitude")
    assert list(networks(folder)) == ["2", "4"]
    for point, row in networks(folder).items():
        search, own = spent.loc[point, ["epochs_search", "epochs_retraining"]]
        assert search > 0
        assert row["epochs"] == math.ceil(search + own) > 3
        # The same units of the same dense network, and a schedule over all of the epochs.
        first, second = (read_network(one / f"{point}.safetensors")[1] for one in (folder, once))
        assert first.removed == second.removed
        epochs = read_table(folder / "history.csv").query("point == @point")["epoch"]
        assert epochs.tolist() == list(range(1, row["epochs"] + 1))


def test_equal_compute_stretches_the_schedule_of_the_learning_rate(here: Study):
    loop = here.run("loop", criterion="magnitude")
    table = read_table(loop / "compute.csv").assign(epochs_search=[2.2, 4.0])
    write_table(table[:1], loop / "compute.csv")
    rewound = method_of(criterion="magnitude", retraining="rewind_weights")
    compute = {"baseline": "equal_compute", "method": "fixed", "effort_of": "loop"}
    folder = here.run("equal", loop, repeated=rewound, **compute)
    history = read_table(folder / "history.csv")
    rates = history.query("point == '2'")["lr"].tolist()
    # Up, then down to zero at the end of the sixth epoch, not of the third.
    assert len(rates) == 6
    assert rates[2] > 0.004
    assert rates[-1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("kept", "epochs"), [(1, 6), (0, 3)])
def test_equal_compute_reaches_points_where_the_loop_has_no_network(
    here: Study, kept: int, epochs: int
):
    loop = here.run("loop", criterion="magnitude")
    table = read_table(loop / "compute.csv").assign(epochs_search=[2.2, 4.0])
    write_table(table[:kept], loop / "compute.csv")
    fixed = method_of(criterion="magnitude")
    compute = {"baseline": "equal_compute", "method": "fixed", "effort_of": "loop"}
    folder = here.run("equal", loop, repeated=fixed, **compute)
    # As many epochs as the loop's dearest network took, and no fewer than the task gives.
    assert networks(folder)["4"]["epochs"] == epochs
    assert read_table(folder / "unreachable.csv").empty
    # What its own floors forbid stays out of reach.
    floored = method_of(criterion="magnitude", min_width_ratio=0.3)
    short = here.run("short", loop, repeated=floored, **compute)
    [row] = read_table(short / "unreachable.csv").to_dict("records")
    assert row["point"] == "4"
    assert "smallest allowed network costs" in row["reason"]


def test_the_best_of_fixed_is_the_network_that_validation_prefers(here: Study):
    offered = {
        "taylor": here.run("taylor", criterion="taylor", bisect=True),
        "bad": here.run("bad", criterion="random", allocation="global", min_width_ratio=0.2),
        "magnitude": here.run("magnitude", criterion="magnitude", bisect=True),
    }
    folder = here.run("best", *offered.values(), baseline="best_of_fixed", among=[*offered])
    decisions = read_table(folder / "decisions.csv")
    compute = read_table(folder / "compute.csv").set_index("point")
    for point in ("2", "4"):
        rows = decisions[decisions["proposal"].str.startswith(f"{point}: ")]
        best = rows.loc[rows["val_after"].idxmax()]
        assert rows["verdict"].tolist().count("chosen") == 1
        # Of equals, the first.
        assert best["verdict"] == "chosen"
        chosen = best["proposal"].partition(": ")[2]
        file = f"{point}.safetensors"
        assert (folder / file).read_bytes() == (offered[chosen] / file).read_bytes()
        assert compute.loc[point, "epochs_search"] == 3 * (len(rows) - 1)
    # Its own size is the smallest of theirs, whatever else validation says.
    finals = [one for one in offered.values() if "final" in networks(one)]
    assert finals
    sizes = [count_params(read_network(one / "final.safetensors")[0]) for one in finals]
    assert count_params(read_network(folder / "final.safetensors")[0]) == min(sizes)
    assert read_table(folder / "history.csv").empty


def test_the_best_of_fixed_does_without_what_has_failed_or_is_not_there(here: Study):
    small = here.run("small", criterion="magnitude", min_width_ratio=0.3)
    failed = here.folder / "failed"
    write_failure(failed, "the training diverged")
    choice = {"baseline": "best_of_fixed", "among": ["failed", "small"]}
    folder = here.run("best", failed, small, **choice)
    assert list(networks(folder)) == ["2"]
    assert read_table(folder / "unreachable.csv").equals(read_table(small / "unreachable.csv"))
    decisions = read_table(folder / "decisions.csv").set_index("proposal")
    assert decisions["verdict"].to_dict() == {"2: small": "chosen", "failed": "failed"}
    assert "the training diverged" in decisions.loc["failed", "reason"]
    with pytest.raises(CellFailure, match="its reference has failed: the training diverged"):
        here.run("none", failed, **choice)


# What lies on disk.


def test_shared_weights_with_masks_read_back_to_the_last_bit(here: Study):
    method = {"criterion": "magnitude", "granularity": "unstructured"}
    plain = here.run("plain", **method)
    shared = here.run("shared", weight_sharing=WeightSharing(clusters=8, epochs=1), **method)
    for point in ("2", "4"):
        network, _spec, masks = read_masked_network(shared / f"{point}.safetensors")
        assert masks is not None
        parameters = dict(network.named_parameters())
        for name, mask in masks.items():
            assert len(parameters[name].unique()) <= 8
            assert (parameters[name][~mask] == 0).all()
        assert count_nonzero(network, masks) == DENSE_PARAMS // int(point)
        small, large = (
            (folder / f"{point}.safetensors").stat().st_size for folder in (shared, plain)
        )
        assert small < large
        assert networks(shared)[point]["epochs"] == 3
        rows = read_table(shared / "history.csv").query("point == @point")
        assert rows["epoch"].tolist() == [1, 2, 3]
