"""The examples of docs/your-own-metric.md, word for word."""

import re
from pathlib import Path

import pytest
import torch

from prunestudy.params.reader import read_study
from prunestudy.training.objective import Objective
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "your-own-metric.md").read_text(encoding="utf-8")
STUDY = (
    "name: own\nseeds: [0]\ncompressions: [2]\nmethods:\n  traditional: {criterion: magnitude}\n"
)


def test_the_examples_are_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, own = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    [margins] = re.findall(r"`(margins: .*?)`", PAGE)
    monkeypatch.chdir(tmp_path)
    Path("mymetrics.py").write_text(code, encoding="utf-8")
    kept = [line for line in first.splitlines() if not line.strip().startswith("metric: ")]
    report = f"report:\n  {margins}\n"
    for name, tasks in {"first": first, "own": "\n".join(kept) + "\n" + own}.items():
        Path(name).write_text(STUDY + tasks + (report if name == "own" else ""), encoding="utf-8")
    assert read_study(Path("first")).tasks["wdbc"].metrics == [
        *("balanced_accuracy", "roc_auc", "log_loss")
    ]
    task = read_study(Path("own")).tasks["wdbc"]
    objective = Objective(task.loss, task.metric)
    outputs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    # One malignant case of four is missed, and one alarm is false.
    _loss, quality = objective.scores(outputs, torch.tensor([0, 0, 1, 1]))
    assert objective.shown(quality) == pytest.approx((10 + 1) / 4)
