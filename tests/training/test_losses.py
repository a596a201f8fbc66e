"""Losses: weights, smoothing, several labels, and functions of the user's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.nn.functional import cross_entropy

from prunestudy.data.tensors import Prepared, Split
from prunestudy.errors import StudyError
from prunestudy.evaluation.beyond_mean import Reference, beyond_mean
from prunestudy.networks.architectures import mlp
from prunestudy.settings.parts import load_part
from prunestudy.training.distillation import Teacher
from prunestudy.training.loop import TrainingLoop
from prunestudy.training.losses.settings import LOSSES, LossSettings
from prunestudy.training.objective import LOSSES as PARTS
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute, Training


def prepared(targets: torch.Tensor, classes: list[str], target: str = "class") -> Prepared:
    """Prepared rows with these targets, the same for training and validation."""
    torch.manual_seed(0)
    rows = Split(torch.randn(len(targets), 4), targets)
    return Prepared(rows, rows, {"classes": classes, "outputs": len(classes), "target": target})


def fitted(targets: torch.Tensor, classes: list[str], **options: Any) -> Objective:
    """The objective of classes with these options of cross-entropy."""
    loss = LossSettings(name="cross_entropy", **options)
    return Objective(loss, "accuracy").fitted(prepared(targets, classes))


RARE = torch.tensor([0] * 6 + [1] * 2 + [2])
NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Rows ÷ (classes × rows of the class); and the same ratios, scaled to a mean of one.
        ("balanced", [0.5, 1.5, 3.0]),
        ([1.0, 3.0, 6.0], [0.5, 1.5, 3.0]),
        ({"c": 4.0}, [0.75, 0.75, 3.0]),
    ],
)
def test_weights_of_classes_have_a_mean_of_one_over_the_training_rows(
    given: Any, expected: list[float]
):
    objective = fitted(RARE, NAMES, class_weights=given)
    assert objective.weights == pytest.approx(expected)
    outputs = torch.randn(9, 3)
    rows = cross_entropy(outputs, RARE, reduction="none") * torch.tensor(expected)[RARE]
    assert objective.loss_of(outputs, RARE).item() == pytest.approx(rows.mean().item())
    # A row alone weighs what it weighs among others.
    alone = [objective.loss_of(outputs[at : at + 1], RARE[at : at + 1]).item() for at in range(9)]
    assert alone == pytest.approx(rows.tolist())


def test_weights_work_under_vmap_as_criteria_by_rows_need_them():
    objective = fitted(RARE, NAMES, class_weights="balanced", label_smoothing=0.1)
    outputs = torch.randn(9, 3)
    slope = torch.func.grad(lambda output, target: objective.loss_of(output[None], target[None]))
    rows = torch.func.vmap(slope)(outputs, RARE)
    outputs.requires_grad_(True)
    objective.loss_of(outputs, RARE).backward()
    assert torch.allclose(rows / 9, outputs.grad, atol=1e-6)


def test_a_loss_without_options_is_todays_to_the_bit():
    outputs = torch.randn(9, 3)
    plain = Objective("cross_entropy", "accuracy").fitted(prepared(RARE, NAMES))
    assert plain.loss_of(outputs, RARE).equal(cross_entropy(outputs, RARE))
    smooth = fitted(RARE, NAMES, label_smoothing=0.2)
    expected = cross_entropy(outputs, RARE, label_smoothing=0.2)
    assert smooth.loss_of(outputs, RARE).equal(expected)


def test_a_class_without_training_rows_cannot_be_balanced():
    with pytest.raises(StudyError, match="no training row is of c"):
        fitted(torch.tensor([0, 1, 1]), NAMES, class_weights="balanced")


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_the_table_of_settings_say_the_same_targets(name: str):
    assert LOSSES[name].target == load_part(PARTS, name).TARGET


def test_losses_of_values_have_their_definitions():
    outputs, targets = torch.tensor([[0.5], [3.0]]), torch.zeros(2, 1)
    assert Objective("mae", "mae").loss_of(outputs, targets).item() == pytest.approx(1.75)
    huber = LossSettings(name="huber", delta=2.0)
    found = Objective(huber, "mae").loss_of(outputs, targets).item()
    assert found == pytest.approx((0.5 * 0.25 + 2 * (3 - 1)) / 2)


def test_several_labels_are_learned_evaluated_and_looked_at_beyond_the_mean(cpu: Compute):
    torch.manual_seed(1)
    inputs = torch.randn(200, 4)
    targets = torch.stack([inputs[:, 0] > 0, inputs[:, 1] + inputs[:, 2] > 1.0], dim=1).float()
    rows = Split(inputs, targets)
    data = Prepared(rows, rows, {"classes": ["x", "y"], "outputs": 2, "target": "labels"})
    loss = LossSettings(name="binary_cross_entropy", class_weights="balanced")
    objective = Objective(loss, "macro_f1").fitted(data)
    shares = targets.mean(dim=0)
    assert objective.weights == pytest.approx(((1 - shares) / shares).tolist())
    network = mlp.build((4,), 2, [8])
    loop = TrainingLoop(data, objective, Training(epochs=30, lr=0.02), cpu, 0)
    loop.train(network, 0, 30)
    assert loop.validate(network)[1] > 0.95
    outputs = objective.outputs(network, rows)
    found = beyond_mean(objective, network, outputs, Reference(rows, (), None))
    assert not any(value is not None for value in found.values())
    # A teacher's answers to labels pull towards its own probabilities.
    teacher = Teacher(network, 2.0, 1.0)
    guide = teacher.answer(rows, objective).guide
    again = outputs.clone().requires_grad_(True)
    teacher.blended(objective, objective.loss_of(again, targets), again, guide).backward()
    assert again.grad.abs().max() < 1e-6


def test_a_loss_of_the_users_is_called_and_its_faults_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ownloss.py").write_text(
        "def pinball(outputs, targets):\n"
        "    error = targets - outputs\n"
        "    return (0.9 * error.clamp(min=0) - 0.1 * error.clamp(max=0)).mean()\n"
        "def rows(outputs, targets):\n    return (outputs - targets).abs()\n"
        "def fails(outputs, targets):\n    raise ValueError('no')\n",
        encoding="utf-8",
    )
    outputs, targets = torch.zeros(2, 1), torch.tensor([[1.0], [-1.0]])
    assert Objective("ownloss.pinball", "mae").loss_of(outputs, targets).item() == 0.5
    with pytest.raises(StudyError, match=r"ownloss\.rows must give a tensor of one number"):
        Objective("ownloss.rows", "mae").loss_of(outputs, targets)
    with pytest.raises(StudyError, match=r"ownloss\.fails failed: ValueError: no"):
        Objective("ownloss.fails", "mae").loss_of(outputs, targets)


def test_a_teacher_of_values_and_classes_guides_by_the_kind_of_targets():
    own = Objective("own.loss", "accuracy", target="class")
    assert own.kind == "class"
    assert Objective("mse", "r2").kind == "value"
    outputs, guide = torch.randn(5, 3), torch.randn(5, 3)
    teacher = Teacher(mlp.build((4,), 3, [2]), 1.0, 1.0)
    found = teacher.blended(own, torch.tensor(7.0), outputs, guide)
    expected = functional.kl_div(
        outputs.log_softmax(1), guide.log_softmax(1), reduction="batchmean", log_target=True
    )
    assert found.item() == pytest.approx(expected.item())
