"""Prune: one trajectory leaves its networks and tables, the same ones each time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.evaluation.cost import count_nonzero, count_params
from prunestudy.networks.storage import read_masked_network, read_network
from prunestudy.params.settings import Task
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, OpenLoop, SameRatios
from prunestudy.pruning.state import DECISION_COLUMNS
from prunestudy.pruning.trajectory import (
    COMPUTE_COLUMNS,
    HISTORY_COLUMNS,
    NETWORK_COLUMNS,
    Inputs,
    prune,
)
from prunestudy.store.contents import contents
from prunestudy.store.tables import read_table
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of


@pytest.fixture
def run(
    tmp_path: Path,
    content: dict[str, Any],
    cpu: Compute,
    prepared_file: Callable,
) -> Callable[..., Path]:
    """Run a trajectory of a method and return its folder."""
    task = Task.model_validate(
        {
            **content["tasks"]["diabetes"],
            "network": {"name": "mlp", "hidden": [12]},
            "training": {"epochs": 10, "lr": 0.01},
            "retraining": {"epochs": 10, "lr": 0.01},
        }
    )
    data = prepared_file("diabetes")
    train_dense(
        task.network,
        Objective(task.loss, task.metric),
        task.training,
        cpu,
        0,
        data,
        tmp_path / "dense",
        "dense-key",
    )

    def trajectory(
        name: str,
        method: Method,
        points: list[float],
        seed: int = 0,
        reference: Path | None = None,
    ) -> Path:
        folder = tmp_path / name
        inputs = Inputs(data, tmp_path / "dense", {"other": reference} if reference else {})
        prune(task, method, points, seed, cpu, inputs, folder, "key")
        return folder

    return trajectory


def methods(content: dict[str, Any]) -> list[Method]:
    """The three methods of the small study."""
    return [method_of(**method) for method in content["methods"].values()]


def test_a_trajectory_leaves_networks_and_tables(run: Callable, content: dict[str, Any]):
    for number, method in enumerate(methods(content)):
        folder = run(str(number), method, [2, 4, 1000])
        networks = read_table(folder / "networks.csv")
        assert list(networks) == NETWORK_COLUMNS
        points = ["2", "4", *(["final"] if isinstance(method, ClosedLoop) else [])]
        assert sorted(networks["point"]) == sorted(points)
        for row in networks.to_dict("records"):
            network, spec = read_network(folder / row["file"])
            limit = 145 if row["point"] == "final" else 145 / float(row["point"])
            assert count_params(network) <= limit
            assert spec.removed or row["point"] == "final"
        assert list(read_table(folder / "history.csv")) == HISTORY_COLUMNS
        decisions = read_table(folder / "decisions.csv")
        assert list(decisions) == DECISION_COLUMNS
        assert bool(len(decisions)) == isinstance(method, ClosedLoop)
        assert read_table(folder / "unreachable.csv")["point"].tolist() == ["1000"]
        names = {file.name for file in folder.iterdir()}
        assert names == {
            *networks["file"],
            *(f"{table}.csv" for table in ("networks", "compute", "history")),
            *(f"{table}.csv" for table in ("decisions", "unreachable")),
        }
        compute = read_table(folder / "compute.csv")
        assert list(compute) == COMPUTE_COLUMNS
        assert compute["point"].tolist() == networks["point"].tolist()
        assert compute["epochs_retraining"].tolist() == networks["epochs"].tolist()
        searching = isinstance(method, ClosedLoop)
        assert (compute["epochs_search"] > 0).all() == searching
        # Each epoch ends with one, and so does each stage's pruning.
        assert (compute["evaluations"] > networks["epochs"]).all()
        if searching:
            spent = decisions["epochs_spent"].max()
            whole = compute["epochs_search"] + compute["epochs_retraining"]
            assert (whole <= spent + 0.001).all()


def test_two_runs_give_the_same_bytes(run: Callable, content: dict[str, Any]):
    for number, method in enumerate(methods(content)):
        digests = {contents(run(f"{number}{name}", method, [2, 4])).digest for name in "ab"}
        assert len(digests) == 1


def test_another_seed_gives_other_networks(run: Callable):
    method = OpenLoop(criterion="random")
    first, second = (run(str(seed), method, [2], seed) for seed in (0, 1))
    assert contents(first).digest != contents(second).digest


def test_the_final_network_is_described_by_the_last_decision_within_the_budget(
    run: Callable, content: dict[str, Any]
):
    folder = run("adaptive", methods(content)[2], [2])
    decisions = read_table(folder / "decisions.csv").set_index("verdict")
    network = read_network(folder / "final.safetensors")[0]
    assert decisions.loc["final", "resource_after"] == count_params(network)
    assert decisions.loc["final", "proposal"] == "final"


# Controls, and methods that look at another one or at the start of the training.


def networks_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Parameters and epochs of each network of a trajectory."""
    rows = read_table(folder / "networks.csv").to_dict("records")
    return {
        row["point"]: (count_params(read_network(folder / row["file"])[0]), row["epochs"])
        for row in rows
    }


def test_the_dense_network_with_the_extra_epochs(run: Callable):
    folder = run("extra", Baseline(baseline="dense_longer"), [2, 4])
    assert networks_of(folder) == {"1": (145, 10)}
    assert read_table(folder / "history.csv")["epoch"].tolist() == list(range(1, 11))


def test_scratch_controls_take_the_shapes_and_the_epochs_or_the_compute(run: Callable):
    other = run("other", OpenLoop(criterion="magnitude"), [2, 4])
    sizes = {point: params for point, (params, _epochs) in networks_of(other).items()}
    equal = run("e", Baseline(baseline="scratch_e", shapes_of="other"), [2, 4], reference=other)
    # Ten epochs of training and ten of retraining; for equal compute, at most twice as many.
    assert networks_of(equal) == {point: (params, 20) for point, params in sizes.items()}
    compute = run("b", Baseline(baseline="scratch_b", shapes_of="other"), [2, 4], reference=other)
    assert networks_of(compute) == {point: (params, 40) for point, params in sizes.items()}
    first = read_network(equal / "2.safetensors")[0].state_dict()
    second = read_network(other / "2.safetensors")[0].state_dict()
    assert not any((first[name] == value).all() for name, value in second.items())


def test_the_proportions_of_another_method(run: Callable, content: dict[str, Any]):
    other = run("other", methods(content)[2], [2, 4])
    like = SameRatios(criterion="random", layer_ratios_from="other")
    folder = run("like", like, [2, 4], reference=other)
    sizes = {point: params for point, (params, _epochs) in networks_of(other).items()}
    assert networks_of(folder) == {point: (params, 10) for point, params in sizes.items()}


def test_pruning_at_initialisation_trains_for_all_epochs(run: Callable):
    method = OpenLoop(
        criterion="snip", prune_at="initial", granularity="unstructured", allocation="global"
    )
    folder = run("snip", method, [2])
    network, _spec, masks = read_masked_network(folder / "2.safetensors")
    assert count_nonzero(network, masks) == 145 // 2
    assert networks_of(folder) == {"2": (145, 20)}


@pytest.mark.parametrize("retraining", ["rewind_lr", "rewind_weights"])
def test_rewinding_retrains_for_the_same_epochs(run: Callable, retraining: str):
    folder = run("rewind", OpenLoop(criterion="magnitude", retraining=retraining), [2])
    assert networks_of(folder)["2"][1] == 10
    assert read_table(folder / "history.csv")["epoch"].tolist() == list(range(1, 11))
