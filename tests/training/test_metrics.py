"""Metrics: the figures of scikit-learn, in their direction, and what is undefined."""

from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as peer
import torch
from safetensors.torch import save_file
from torch import Tensor

from prunestudy.data.tensors import Prepared, Split
from prunestudy.errors import StudyError
from prunestudy.evaluation.constant_outputs import metric_of_constant
from prunestudy.settings.parts import load_part
from prunestudy.steps.defined import check_defined
from prunestudy.training.metrics.settings import METRICS, MetricSettings
from prunestudy.training.objective import METRICS as PARTS
from prunestudy.training.objective import Objective, metric_function

ONE_HOT = {"class": "cross_entropy", "labels": "binary_cross_entropy", "value": "mse"}


def _chances(outputs: Tensor) -> np.ndarray:
    return outputs.double().softmax(1).numpy()


def _f1(targets: np.ndarray, answers: np.ndarray) -> float:
    return peer.f1_score(targets, answers, average="macro", zero_division=0)


def _area(targets: np.ndarray, outputs: Tensor) -> float:
    chances = _chances(outputs)
    chances = chances[:, 1] if chances.shape[1] == 2 else chances
    return peer.roc_auc_score(targets, chances, multi_class="ovr")


def _precision(targets: np.ndarray, outputs: Tensor) -> float:
    chances = _chances(outputs)
    if chances.shape[1] == 2:
        return peer.average_precision_score(targets, chances[:, 1])
    return peer.average_precision_score(np.eye(chances.shape[1])[targets], chances)


OF_CLASSES = {
    "accuracy": lambda t, o: peer.accuracy_score(t, o.argmax(1)),
    "balanced_accuracy": lambda t, o: peer.balanced_accuracy_score(t, o.argmax(1)),
    "macro_f1": lambda t, o: _f1(t, o.argmax(1).numpy()),
    "roc_auc": _area,
    "average_precision": _precision,
    "log_loss": lambda t, o: peer.log_loss(t, _chances(o), labels=range(o.shape[1])),
    "top_5": lambda t, o: peer.top_k_accuracy_score(t, o.numpy(), k=5, labels=range(o.shape[1])),
}
OF_LABELS = {
    "subset_accuracy": lambda t, o: peer.accuracy_score(t, o > 0),
    "macro_f1": lambda t, o: _f1(t, (o > 0).numpy()),
    "roc_auc": lambda t, o: peer.roc_auc_score(t, o.numpy()),
    "average_precision": lambda t, o: peer.average_precision_score(t, o.numpy()),
    "log_loss": lambda t, o: np.mean(
        [peer.log_loss(t[:, at], o[:, at].double().sigmoid(), labels=[0, 1]) for at in (0, 1, 2)]
    ),
}
OF_VALUES = {
    "r2": peer.r2_score,
    "mae": peer.mean_absolute_error,
    "rmse": peer.root_mean_squared_error,
}


def test_every_metric_has_a_peer_for_each_kind_of_targets():
    peers = {"class": OF_CLASSES, "labels": OF_LABELS, "value": OF_VALUES}
    wanted = {(kind, name) for name, info in METRICS.items() for kind in info.targets}
    assert wanted == {(kind, name) for kind, own in peers.items() for name in own}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_and_the_table_of_settings_say_the_same_direction(name: str):
    part = load_part(PARTS, name)
    assert getattr(part, "HIGHER_IS_BETTER", True) is METRICS[name].higher_is_better


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("name", OF_CLASSES)
def test_metrics_of_classes_are_those_of_scikit_learn(name: str, classes: int):
    if classes < METRICS[name].classes:
        return
    generator = torch.Generator().manual_seed(classes)
    targets = torch.randint(classes, (150,), generator=generator)
    outputs = torch.randn(150, classes, generator=generator)
    outputs[torch.arange(150), targets] += 0.7
    # Rows that are drawn twice tie, as in a bootstrap.
    again = torch.randint(150, (150,), generator=generator)
    for rows in (slice(None), again):
        found = metric_function(name)(outputs[rows], targets[rows])
        assert found == pytest.approx(OF_CLASSES[name](targets[rows].numpy(), outputs[rows]), 1e-6)


@pytest.mark.parametrize("name", [name for name in OF_CLASSES if name in ("macro_f1", "log_loss")])
def test_classes_without_rows_count_as_scikit_learn_counts_them(name: str):
    targets, outputs = torch.tensor([0, 0, 1, 1]), torch.randn(4, 4)
    found = metric_function(name)(outputs, targets)
    assert found == pytest.approx(OF_CLASSES[name](targets.numpy(), outputs), 1e-6)


@pytest.mark.parametrize("name", OF_LABELS)
def test_metrics_of_several_labels_are_those_of_scikit_learn(name: str):
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(90, 3, generator=generator) < 0.4).float()
    outputs = torch.randn(90, 3, generator=generator) + targets
    found = metric_function(name)(outputs, targets)
    assert found == pytest.approx(OF_LABELS[name](targets.numpy(), outputs), 1e-6)


@pytest.mark.parametrize("name", OF_VALUES)
def test_metrics_of_values_are_those_of_scikit_learn(name: str):
    targets, outputs = torch.randn(50, 1), torch.randn(50, 1)
    found = metric_function(name)(outputs, targets)
    assert found == pytest.approx(OF_VALUES[name](targets.numpy(), outputs.numpy()), 1e-6)


def test_quality_is_higher_the_better_whatever_the_metric():
    near, far, targets = torch.zeros(9, 1), torch.ones(9, 1), torch.zeros(9, 1)
    objective = Objective("mse", "mae")
    qualities = [objective.scores(outputs, targets)[1] for outputs in (near, far)]
    assert qualities == [0, -1]
    assert [objective.shown(one) for one in qualities] == [0, 1]
    assert objective.beside(-1, -0.5, "budget ") == "1.0000 > budget 0.5000"
    assert objective.beside(-0.25, -0.5) == "0.2500 ≤ 0.5000"
    # The bad side of an error is above it.
    noise = torch.randn(80, 1)
    bound = objective.lower_bound(noise, torch.zeros(80, 1), torch.zeros(80, 1), 0.9)
    assert objective.shown(bound) > noise.abs().mean().item()


def test_a_bound_goes_by_the_resamples_on_which_the_metric_has_a_value():
    generator = torch.Generator().manual_seed(0)
    targets = torch.tensor([1] + [0] * 30)
    outputs = torch.randn(31, 2, generator=generator) + 2 * torch.eye(2)[targets]
    found = Objective("cross_entropy", "roc_auc").lower_bound(outputs, outputs, targets, 0.9)
    assert found == metric_function("roc_auc")(outputs, targets)


def _prepared(path: Path, validation: Tensor, test: Tensor) -> Prepared:
    save_file({"test.targets": test}, path)
    rows = [Split(torch.zeros(len(one), 1), one) for one in (validation, validation)]
    classes = ["good", "bad"] if validation.dim() == 1 else ["rain", "wind"]
    return Prepared(*rows, {"outputs": 2, "classes": classes})


def test_a_metric_without_a_value_on_a_split_is_told_before_training(tmp_path: Path):
    file = tmp_path / "data"
    whole, bare = torch.tensor([0, 1, 0]), torch.tensor([0, 0])
    with pytest.raises(StudyError, match=r"task 'loans': roc_auc .* 2 validation .* class bad"):
        check_defined(["accuracy", "roc_auc"], _prepared(file, bare, whole), file, "loans")
    with pytest.raises(StudyError, match="2 test rows, of which none is of class bad"):
        check_defined(["roc_auc"], _prepared(file, whole, bare), file, "loans")
    check_defined(["accuracy", "roc_auc"], _prepared(file, whole, whole), file, "loans")
    labels = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    with pytest.raises(StudyError, match="all have, or all lack, label wind"):
        check_defined(["roc_auc"], _prepared(file, labels, labels), file, "weather")


def _own(body: str) -> MetricSettings:
    """A metric with this body, in a module in the current folder."""
    # Modules of the user's are cached by their names.
    name = f"own{abs(hash(body))}"
    Path(f"{name}.py").write_text(f"def cost(outputs, targets):\n    {body}\n", encoding="utf-8")
    return MetricSettings(name=f"{name}.cost", higher_is_better=True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return float('nan')", "gives no number on 4 rows"),
        ("raise ValueError('no such thing')", "failed: ValueError: no such thing"),
        ("return outputs", "failed: "),
    ],
)
def test_a_metric_of_the_users_that_goes_wrong_is_named_before_training(
    body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    metric, targets = _own(body), torch.zeros(4, dtype=torch.int64)
    told = f"metric {metric.name} {message}"
    with pytest.raises(StudyError, match=told):
        metric_function(metric)(torch.eye(4), targets)
    file = tmp_path / "data"
    with pytest.raises(StudyError, match=f"task 'loans', validation rows: {told}"):
        check_defined([metric], _prepared(file, targets, targets), file, "loans")
    # Networks that have diverged, or answer all rows alike, are no fault of the metric.
    for outputs in (torch.full((4, 2), torch.nan), torch.zeros(4, 2)):
        assert np.isnan(metric_function(metric)(outputs, targets))


CORRELATION = "import numpy\n    return numpy.corrcoef(outputs[:, 0], targets)[0, 1]"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_metric_of_the_users_may_have_no_value_for_constant_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    metric, targets, file = _own(CORRELATION), torch.arange(9) % 2, tmp_path / "data"
    check_defined([metric], _prepared(file, targets, targets), file, "loans")
    given = {"name": metric.name, "higher_is_better": True}
    assert np.isnan(metric_of_constant(targets.numpy(), targets.numpy(), "class", 2, given))


@pytest.mark.parametrize("without", ["raise ValueError('one class')", "return float('nan')"])
def test_a_bound_leaves_out_resamples_without_a_value_of_the_users_metric(
    without: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    recall = "return sum(right[targets == one].mean() for one in (0, 1)) / 2"
    right = "right = (outputs.argmax(1) == targets).double()"
    own = _own(f"if targets.max() == 0:\n        {without}\n    {right}\n    {recall}")
    generator = torch.Generator().manual_seed(0)
    targets = torch.tensor([1] + [0] * 30)
    outputs, dense = torch.randn(2, 31, 2, generator=generator)
    found, expected = (
        Objective("cross_entropy", metric).lower_bound(outputs, dense, targets, 0.9)
        for metric in (own, "balanced_accuracy")
    )
    assert found == pytest.approx(expected)
