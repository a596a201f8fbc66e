"""How torch is set up in every job."""

import torch

from prunestudy.networks.determinism import set_up_torch


def test_random_numbers_start_from_the_seed_with_one_thread():
    drawn = []
    for seed in (3, 3, 4):
        set_up_torch(seed)
        drawn.append(torch.rand(5))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
