"""The spec of a network: which units of the dense network are left."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.pruning.surgery import remove_units

SPEC = NetworkSpec("mlp", {"hidden": [7, 6]}, (5,), 3)


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
    spec, network = SPEC, SPEC.build()
    dense = copy_network(network)
    for gone in ([2, 0], [1], [2]):
        spec = remove_units(network, spec, {"0": gone})
    left = [unit for unit in range(7) if unit not in spec.removed["0"]]
    assert torch.equal(network[0].weight, dense[0].weight[left])
    assert torch.equal(network[2].weight, dense[2].weight[:, left])


def test_a_copy_is_independent_and_without_gradients():
    network = NetworkSpec("cnn", {"channels": [6, 5]}, (2, 8, 8), 3).build()
    network(torch.randn(4, 2, 8, 8)).sum().backward()
    copied = copy_network(network)
    assert all(parameter.grad is None for parameter in copied.parameters())
    with torch.no_grad():
        for tensor in copied.state_dict().values():
            tensor.zero_()
    assert all(bool(parameter.any()) for parameter in network[0].parameters())
