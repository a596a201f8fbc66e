"""Batches: their order is a function of seed and epoch alone."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from prunestudy.data.tensors import Batches, Split, epoch_generator


def part(rows: int) -> Split:
    """Rows that carry their own number."""
    numbers = torch.arange(rows)
    return Split(numbers[:, None].float(), numbers)


def order(batches: Batches, epoch: int) -> list[list[int]]:
    """Row numbers of each batch of an epoch."""
    batches.epoch = epoch
    return [targets.tolist() for _inputs, targets in batches]


@given(
    rows=st.integers(1, 200),
    size=st.integers(1, 70),
    seed=st.integers(0, 2**31 - 1),
    epoch=st.integers(0, 10_000),
)
def test_an_epoch_covers_every_row_once(rows: int, size: int, seed: int, epoch: int):
    batches = Batches(part(rows), size, seed)
    found = order(batches, epoch)
    assert sorted(row for batch in found for row in batch) == list(range(rows))
    assert len(found) == len(batches)
    assert all(len(batch) == size for batch in found[:-1])
    assert len(found[-1]) <= size + 1


@given(rows=st.integers(2, 300), size=st.integers(2, 70))
def test_no_batch_of_a_single_row_is_left_over(rows: int, size: int):
    sizes = [len(batch) for batch in order(Batches(part(rows), size, 0), 0)]
    assert min(sizes) > 1


def test_a_trailing_single_row_joins_the_batch_before():
    assert Batches(part(9), 4, 0).sizes == [4, 5]
    assert Batches(part(10), 4, 0).sizes == [4, 4, 2]
    assert Batches(part(8), 4, 0).sizes == [4, 4]
    assert Batches(part(3), 4, 0).sizes == [3]


def test_inputs_and_targets_stay_together():
    for inputs, targets in Batches(part(23), 4, 0):
        assert inputs[:, 0].tolist() == targets.tolist()


def test_the_order_depends_on_seed_and_epoch_and_nothing_else():
    first, second = Batches(part(50), 8, 3), Batches(part(50), 8, 3)
    expected = order(first, 5)
    torch.manual_seed(99)
    order(second, 2)
    assert order(second, 5) == expected
    assert order(first, 6) != expected
    assert order(Batches(part(50), 8, 4), 5) != expected


def test_reading_batches_leaves_the_global_random_numbers_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(Batches(part(50), 8, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_seeds_and_epochs_do_not_share_random_numbers():
    drawn = {
        torch.rand(4, generator=epoch_generator(seed, epoch)).numpy().tobytes()
        for seed in range(10)
        for epoch in range(100)
    }
    assert len(drawn) == 1000
