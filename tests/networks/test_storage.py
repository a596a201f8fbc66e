"""Networks on disk: rebuilt exactly, without pickle, and never half."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from prunestudy.errors import StudyError
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_masked_network, read_network, write_network
from prunestudy.pruning.masks import apply_masks
from prunestudy.pruning.surgery import remove_units
from prunestudy.pruning.weight_sharing import share_weights
from tests.keeping import full_masks

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


# Masks and shared weights.


def random_masks(network: nn.Module) -> dict[str, torch.Tensor]:
    """Masks that hold about half of each weight matrix."""
    torch.manual_seed(3)
    names = [name for name, value in network.named_parameters() if value.dim() > 1]
    tensors = dict(network.named_parameters())
    return {name: torch.rand(tensors[name].shape) > 0.5 for name in names}


def test_masks_are_read_back_bit_for_bit(tmp_path: Path, spec: NetworkSpec):
    network = trained(spec)
    masks = random_masks(network)
    apply_masks(network, masks)
    write_network(tmp_path / "n", network, spec, "key", masks)
    found, _spec, found_masks = read_masked_network(tmp_path / "n")
    assert found_masks is not None
    assert set(found_masks) == set(masks)
    assert all(torch.equal(found_masks[name], mask) for name, mask in masks.items())
    assert torch.equal(outputs(found, spec), outputs(network, spec))


def test_masks_that_hold_nothing_are_no_masks(tmp_path: Path):
    network = trained(SPECS["mlp"])
    write_network(tmp_path / "n", network, SPECS["mlp"], "key", full_masks(network))
    assert read_masked_network(tmp_path / "n")[2] is None


def test_shared_weights_are_read_back_exactly_and_take_less_space(tmp_path: Path):
    spec = NetworkSpec("mlp", {"hidden": [64]}, (60,), 3)
    network = trained(spec)
    write_network(tmp_path / "plain", network, spec, "key")
    shared = share_weights(network, 16, None)
    write_network(tmp_path / "shared", network, spec, "key", shared=shared)
    found = read_network(tmp_path / "shared")[0]
    assert torch.equal(outputs(found, spec), outputs(network, spec))
    # Sixteen values take four bits of the 32 that a weight had; biases stay as they are.
    sizes = [(tmp_path / name).stat().st_size for name in ("shared", "plain")]
    assert sizes[0] < 0.25 * sizes[1]
