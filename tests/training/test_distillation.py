"""Distillation: the teacher's answers pull, by weight, and only where there is a teacher."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from prunestudy.networks.architectures import cnn, mlp
from prunestudy.pruning.settings import OpenLoop
from prunestudy.training.distillation import Teacher
from prunestudy.training.objective import Objective

CLASSES = Objective("cross_entropy", "accuracy")
VALUES = Objective("mse", "r2")


def test_the_distance_of_classes_is_hintons():
    outputs, guide = torch.randn(7, 3), torch.randn(7, 3)
    targets = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    teacher = Teacher(nn.Identity(), temperature=3.0, weight=0.25)
    soft = functional.softmax(guide / 3, dim=1)
    divergence = (soft * (soft.log() - functional.log_softmax(outputs / 3, dim=1))).sum(1).mean()
    expected = 0.75 * functional.cross_entropy(outputs, targets) + 0.25 * 9 * divergence
    loss = CLASSES.loss_of(outputs, targets)
    assert teacher.blended(CLASSES, loss, outputs, guide).item() == pytest.approx(expected.item())


def test_the_distance_of_values_is_the_loss_itself():
    outputs, guide, targets = torch.randn(3, 5, 1)
    teacher = Teacher(nn.Identity(), temperature=9.0, weight=0.4)
    found = teacher.blended(VALUES, VALUES.loss_of(outputs, targets), outputs, guide)
    expected = 0.6 * functional.mse_loss(outputs, targets) + 0.4 * functional.mse_loss(
        outputs, guide
    )
    assert found.item() == pytest.approx(expected.item())


def test_a_network_that_equals_its_teacher_has_no_distance():
    guide = torch.randn(5, 4)
    teacher = Teacher(nn.Identity(), temperature=4.0, weight=1.0)
    assert teacher.blended(CLASSES, torch.tensor(7.0), guide, guide).item() == pytest.approx(0)


def test_the_guide_is_the_teachers_answer_to_each_row(make_trainer: Callable):
    torch.manual_seed(0)
    trainer = make_trainer("digits")
    network = cnn.build((1, 8, 8), 10, [4, 8]).train()
    taught = replace(trainer, teacher=Teacher(network, 4.0, 0.5))
    rows = taught.lessons
    network.eval()
    with torch.no_grad():
        expected = network(trainer.data.train.inputs)
    assert torch.allclose(rows.guide, expected, atol=1e-5)
    assert rows.targets is trainer.data.train.targets
    assert trainer.lessons.guide is None


def test_a_student_comes_to_answer_as_its_teacher(make_trainer: Callable):
    trainer = make_trainer("diabetes", lr=0.02, epochs=30)
    torch.manual_seed(0)
    teacher, student = mlp.build((10,), 1, [5]), mlp.build((10,), 1, [3])
    # A teacher that is far from the targets, so that following it can be told from learning them.
    with torch.no_grad():
        teacher[-1].bias += 3
    taught = replace(trainer, teacher=Teacher(teacher, 1.0, 1.0))
    before = [value.clone() for value in teacher.state_dict().values()]
    taught.train(student, 0, 30)
    answers = VALUES.outputs(student, trainer.data.validation)
    wanted = VALUES.outputs(teacher, trainer.data.validation)
    assert (answers - wanted).abs().mean() < 0.3
    assert all(map(torch.equal, before, teacher.state_dict().values()))


def test_the_settings_of_a_teacher_are_written_out():
    method = OpenLoop(criterion="magnitude", retraining="distill")
    assert method.distillation is not None
    assert OpenLoop.model_validate(method.model_dump()) == method
    assert OpenLoop(criterion="magnitude").distillation is None
    with pytest.raises(ValueError, match="belongs to retraining 'distill'"):
        OpenLoop(criterion="magnitude", distillation=method.distillation)
