"""Residual networks: the loop that the library is compared with, and networks that are pruned."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prunestudy.evaluation.cost import count_macs
from prunestudy.gpu_check.images import SIZE, enlarged
from prunestudy.gpu_check.shrink import shrunk
from prunestudy.gpu_check.speed import LOADS, speed
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.unit_graph import UnitGraph

CPU = torch.device("cpu")
LEAST = replace(LOADS["quick"], batch_size=4, batches=(1,))


def test_the_library_trains_as_the_bare_loop_does():
    outcome = speed(CPU, LEAST)
    assert outcome.wrong == []
    assert [row["network"] for row in outcome.tables["Training"]] == ["ResNet-20"]
    forward = outcome.tables["Forward passes"]
    assert [row["widths"] for row in forward] == ["dense", *["as they come", "rounded"] * 2]
    assert all(row["eager, batch 1, ms"] > 0 for row in forward)
    assert forward[0]["eager, batch 1, speed-up"] == 1


def test_a_loop_that_trains_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("prunestudy.gpu_check.speed.lr_factor", lambda *_: 0.5)
    assert "other weights" in speed(CPU, LEAST).wrong[0]


@pytest.mark.parametrize(("share", "granule"), [(0.5, 1), (0.25, 1), (0.5, 8), (0.25, 8)])
def test_a_pruned_network_has_the_share_of_macs_that_its_widths_allow(share: float, granule: int):
    torch.manual_seed(0)
    spec = NetworkSpec("resnet", {"depth": 8}, (1, SIZE, SIZE), 10)
    network = spec.build().eval()
    found = shrunk(network, spec, share, granule)
    dense, left = count_macs(network, spec.example()), count_macs(found.network, spec.example())
    assert found.share == pytest.approx(left / dense)
    widths = UnitGraph(found.network, spec.example()).widths
    assert all(width % granule == 0 for width in widths.values())
    # Eight channels in each layer are the least of rounded widths.
    least = set(widths.values()) == {granule}
    assert found.share <= share or least
    assert found.share > 0.8 * share


@pytest.mark.parametrize(("side", "how"), [(28, "padded"), (8, "enlarged"), (10, "enlarged")])
def test_images_become_as_large_as_wanted(side: int, how: str):
    images = np.arange(2 * side * side, dtype=np.float32).reshape(2, 1, side, side) + 1
    found, told = enlarged(images)
    assert (found.shape, told) == ((2, 1, SIZE, SIZE), how)
    assert set(np.unique(found)) - {0} == set(np.unique(images))
