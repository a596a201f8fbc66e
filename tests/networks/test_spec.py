"""Networks on disk: rebuilt exactly, without pickle, and never half."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.storage import read_network, write_network
from prunestudy.pruning.surgery import remove_units

SPECS = {
    "mlp": NetworkSpec("mlp", {"hidden": [7, 6]}, (5,), 3),
    "cnn": NetworkSpec("cnn", {"channels": [6, 5]}, (2, 8, 8), 3),
}
REMOVALS = {"mlp": {"0": [0, 3], "2": [5]}, "cnn": {"0": [1, 2], "4": [0]}}


def trained(spec: NetworkSpec) -> nn.Module:
    """A network whose BatchNorm statistics are not the initial ones."""
    torch.manual_seed(0)
    network = spec.build()
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(16, *spec.input_shape) * 2 + 1)
    return network.eval()


def outputs(network: nn.Module, spec: NetworkSpec) -> torch.Tensor:
    """Outputs for some fixed inputs."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        return network.eval()(torch.randn(9, *spec.input_shape, generator=generator))


@pytest.fixture(params=["mlp", "cnn"])
def spec(request: pytest.FixtureRequest) -> NetworkSpec:
    """A spec of each architecture."""
    return SPECS[request.param]


def test_a_network_is_read_back_with_identical_outputs(tmp_path: Path, spec: NetworkSpec):
    network = trained(spec)
    write_network(tmp_path / "network.safetensors", network, spec, "key")
    found, found_spec = read_network(tmp_path / "network.safetensors")
    assert found_spec == spec
    assert not found.training
    assert torch.equal(outputs(found, spec), outputs(network, spec))


def test_a_shrunk_network_is_rebuilt_with_identical_outputs(tmp_path: Path, spec: NetworkSpec):
    network = trained(spec)
    smaller = remove_units(network, spec, REMOVALS[spec.architecture])
    write_network(tmp_path / "network.safetensors", network, smaller, "key")
    found, found_spec = read_network(tmp_path / "network.safetensors")
    assert found_spec == smaller
    assert found_spec.removed == REMOVALS[spec.architecture]
    assert torch.equal(outputs(found, spec), outputs(network, spec))
    shapes = [value.shape for value in found.state_dict().values()]
    assert shapes == [value.shape for value in network.state_dict().values()]


def test_a_rebuilt_network_knows_its_own_sizes(tmp_path: Path):
    spec = SPECS["cnn"]
    network = trained(spec)
    write_network(tmp_path / "n", network, remove_units(network, spec, REMOVALS["cnn"]), "key")
    found = read_network(tmp_path / "n")[0]
    assert (found[0].in_channels, found[0].out_channels) == (2, 4)
    assert found[1].num_features == 4
    assert (found[4].in_channels, found[4].out_channels) == (4, 4)
    assert (found[9].in_features, found[9].out_features) == (4, 3)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path, spec: NetworkSpec):
    network = trained(spec)
    write_network(tmp_path / "first", network, spec, "key")
    found, found_spec = read_network(tmp_path / "first")
    write_network(tmp_path / "second", found, found_spec, "key")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_the_file_holds_spec_and_run_key(tmp_path: Path):
    write_network(tmp_path / "n", trained(SPECS["mlp"]), SPECS["mlp"], "some-key")
    with safe_open(tmp_path / "n", framework="pt") as file:
        description = json.loads(file.metadata()["prunestudy"])
    assert description["run_key"] == "some-key"
    assert description["spec"]["arguments"] == {"hidden": [7, 6]}


def test_reading_a_network_does_not_need_or_move_random_numbers(tmp_path: Path):
    write_network(tmp_path / "n", trained(SPECS["mlp"]), SPECS["mlp"], "key")
    torch.manual_seed(5)
    first = outputs(read_network(tmp_path / "n")[0], SPECS["mlp"])
    torch.manual_seed(6)
    second = outputs(read_network(tmp_path / "n")[0], SPECS["mlp"])
    assert torch.equal(first, second)


# Files that are no networks.

RNN = {"architecture": "rnn", "arguments": {}, "input_shape": [5], "outputs": 3}


@pytest.mark.parametrize("keep", [0, 7, 60, -5])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int):
    write_network(tmp_path / "n", trained(SPECS["mlp"]), SPECS["mlp"], "key")
    (tmp_path / "n").write_bytes((tmp_path / "n").read_bytes()[:keep])
    with pytest.raises(StudyError, match="is not a network of this library"):
        read_network(tmp_path / "n")


def test_a_pickle_is_refused_and_not_run(tmp_path: Path):
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "n").write_bytes(pickle.dumps(Trap()))
    torch.save(trained(SPECS["mlp"]).state_dict(), tmp_path / "saved")
    for name in ("n", "saved"):
        with pytest.raises(StudyError, match="is not a network of this library"):
            read_network(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StudyError, match="absent"):
        read_network(tmp_path / "absent")


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"other": "1"},
        {"prunestudy": "no json"},
        {"prunestudy": "[]"},
        {"prunestudy": '{"spec":{}}'},
        {"prunestudy": json.dumps({"spec": RNN})},
    ],
)
def test_safetensors_of_something_else_are_refused(tmp_path: Path, metadata: dict | None):
    save_file({"0.weight": torch.zeros(7, 5)}, tmp_path / "n", metadata=metadata)
    with pytest.raises(StudyError, match="is not a network of this library"):
        read_network(tmp_path / "n")


@pytest.mark.parametrize(
    "tensors",
    [
        {"0.weight": torch.zeros(7, 5)},
        {"nowhere.weight": torch.zeros(7, 5)},
        {"0.scale": torch.zeros(7, 5)},
    ],
    ids=["tensors are missing", "an unknown layer", "an unknown parameter"],
)
def test_tensors_that_do_not_fit_the_spec_are_refused(tmp_path: Path, tensors: dict):
    write_network(tmp_path / "good", trained(SPECS["mlp"]), SPECS["mlp"], "key")
    with safe_open(tmp_path / "good", framework="pt") as file:
        metadata = file.metadata()
    save_file(tensors, tmp_path / "n", metadata=metadata)
    with pytest.raises(StudyError, match="is not a network of this library"):
        read_network(tmp_path / "n")


# Removed units.


def test_removed_units_are_counted_in_the_dense_network():
    spec = NetworkSpec("mlp", {"hidden": [6]}, (5,), 3)
    once = spec.without({"0": [1, 4]})
    assert once.removed == {"0": [1, 4]}
    # Left are 0, 2, 3, 5: the second and the last of them are 2 and 5.
    assert once.without({"0": [1, 3]}).removed == {"0": [1, 2, 4, 5]}
    assert spec.removed == {}


@given(st.data(), st.integers(2, 30))
def test_units_left_after_several_removals_are_the_dense_ones_left(data: st.DataObject, width: int):
    spec = NetworkSpec("mlp", {"hidden": [width]}, (5,), 3)
    left = list(range(width))
    while len(left) > 1 and data.draw(st.booleans()):
        gone = data.draw(
            st.lists(st.integers(0, len(left) - 1), min_size=1, max_size=len(left) - 1, unique=True)
        )
        spec = spec.without({"0": gone})
        left = [unit for position, unit in enumerate(left) if position not in set(gone)]
    removed = spec.removed.get("0", [])
    assert removed == sorted(set(range(width)) - set(left))


def test_the_spec_names_the_weights_that_are_left():
    spec = SPECS["mlp"]
    network = trained(spec)
    dense = copy_network(network)
    for gone in ([2, 0], [1], [2]):
        spec = remove_units(network, spec, {"0": gone})
    left = [unit for unit in range(7) if unit not in spec.removed["0"]]
    assert torch.equal(network[0].weight, dense[0].weight[left])
    assert torch.equal(network[2].weight, dense[2].weight[:, left])


def test_a_copy_is_independent_and_without_gradients():
    network = trained(SPECS["cnn"])
    network(torch.randn(4, 2, 8, 8)).sum().backward()
    copied = copy_network(network)
    assert all(parameter.grad is None for parameter in copied.parameters())
    with torch.no_grad():
        for tensor in copied.state_dict().values():
            tensor.zero_()
    assert all(bool(parameter.any()) for parameter in network[0].parameters())
