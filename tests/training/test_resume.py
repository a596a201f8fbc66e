"""A killed job goes on from its last epoch, and nobody can tell from what it leaves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from prunestudy.training.loop import TrainingLoop
from prunestudy.training.resume import Journal

EPOCHS = 5


class Killed(Exception):
    """In place of a signal: the process ends here."""


def network() -> nn.Module:
    """Everything that has state of its own: BatchNorm, dropout, convolutions."""
    torch.manual_seed(3)
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 64, 10)),
    )


def trained(
    trainer: TrainingLoop, steps: int | None = None
) -> tuple[list[Tensor], list[dict], Tensor]:
    """Weights, curve and random state after a training; killed after some steps."""
    made, left = network(), steps

    def count(*_: object) -> None:
        nonlocal left
        if left is not None:
            left -= 1
            if left < 0:
                raise Killed

    curve = trainer.train(made, 0, EPOCHS, count)
    return list(made.state_dict().values()), curve, torch.get_rng_state()


def assert_same(first: tuple, second: tuple) -> None:
    """Bit for bit."""
    assert all(map(torch.equal, first[0], second[0]))
    assert first[1] == second[1]
    assert torch.equal(first[2], second[2])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("epochs", [0.5, 1, 2.5, 4.9])
def test_a_killed_training_ends_as_an_uninterrupted_one(
    make_trainer: Callable[..., TrainingLoop], tmp_path: Path, optimizer: str, epochs: float
):
    plain = make_trainer("digits", epochs=EPOCHS, optimizer=optimizer, lr=0.05, batch_size=64)
    expected = trained(plain)
    steps = int(epochs * plain.batches_per_epoch)
    with pytest.raises(Killed):
        trained(replace(plain, journal=Journal(tmp_path)), steps)
    # Whatever the process that goes on did before.
    torch.rand(7)
    worked: list[int] = []
    resumed = replace(plain, journal=Journal(tmp_path))
    made = network()
    curve = resumed.train(made, 0, EPOCHS, lambda *_: worked.append(1))
    found = list(made.state_dict().values()), curve, torch.get_rng_state()
    assert_same(found, expected)
    epochs_done = steps // plain.batches_per_epoch
    assert len(worked) == (EPOCHS - epochs_done) * plain.batches_per_epoch


def test_a_finished_training_is_not_repeated(
    make_trainer: Callable[..., TrainingLoop], tmp_path: Path
):
    plain = make_trainer("digits", epochs=EPOCHS, lr=0.05, batch_size=64)
    expected = trained(replace(plain, journal=Journal(tmp_path)))
    assert_same(trained(replace(plain, journal=Journal(tmp_path)), 0), expected)
    assert_same(trained(plain), expected)


@pytest.mark.parametrize(("start", "end"), [(0, 2), (2, EPOCHS)])
def test_a_page_of_a_training_over_other_epochs_is_none(
    make_trainer: Callable[..., TrainingLoop], tmp_path: Path, start: int, end: int
):
    plain = make_trainer("digits", epochs=EPOCHS, lr=0.05, batch_size=64)
    trained(replace(plain, journal=Journal(tmp_path)))
    expected = network()
    curve = plain.train(expected, start, end)
    resumed = replace(plain, journal=Journal(tmp_path))
    found = network()
    assert resumed.train(found, start, end) == curve
    assert all(map(torch.equal, expected.state_dict().values(), found.state_dict().values()))


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_a_page_that_cannot_be_trusted_is_none(
    make_trainer: Callable[..., TrainingLoop], tmp_path: Path, damage: str
):
    plain = make_trainer("digits", epochs=EPOCHS, lr=0.05, batch_size=64)
    expected = trained(replace(plain, journal=Journal(tmp_path)))
    [page] = tmp_path.iterdir()
    content = bytearray(page.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[-5] ^= 4
    page.write_bytes(content)
    if damage == "other":
        other = make_trainer("digits", epochs=EPOCHS, lr=0.05, batch_size=64)
        other = replace(other, journal=Journal(tmp_path))
        torch.manual_seed(9)
        other.train(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), 0, 1)
    assert_same(trained(replace(plain, journal=Journal(tmp_path))), expected)


def test_a_journal_that_cannot_be_written_only_warns(
    make_trainer: Callable[..., TrainingLoop], tmp_path: Path, capsys: pytest.CaptureFixture
):
    plain = make_trainer("digits", epochs=EPOCHS, lr=0.05, batch_size=64)
    expected = trained(plain)
    (tmp_path / "file").touch()
    assert_same(trained(replace(plain, journal=Journal(tmp_path / "file"))), expected)
    assert "cannot be written" in capsys.readouterr().err
