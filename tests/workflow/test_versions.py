"""Versions of a study side by side, by the real tools."""

import re
from pathlib import Path

import pytest

from tests.workflow.conftest import STUDY, Checkout

TARGET = f"studies/dvc.yaml:study@{STUDY}"
PARAMS = f"studies/{STUDY}.yaml"


@pytest.fixture
def experiment(checkout: Checkout) -> str:
    """A DVC experiment in which another method parameter was tried; its name."""
    change = f"{PARAMS}:+methods.traditional.allocation=global"
    said = checkout.call("dvc", "exp", "run", "--name", "wide", "-S", change, TARGET)
    assert "wide" in said
    return "wide"


@pytest.mark.slow
def test_an_experiment_is_compared_with_what_is_committed(
    checkout: Checkout, experiment: str, tmp_path: Path
) -> None:
    page = tmp_path / "compared.html"
    said = checkout.call(
        *("prunestudy", "compare", "HEAD", experiment, "--params", PARAMS, "--page", str(page))
    )
    assert "| methods.traditional.allocation | uniform | global |" in said
    assert "No file of the library changed." in said
    # One seed: nothing can be called moved.
    assert re.search(r"From HEAD to wide: 0 numbers of \d+ moved beyond noise", said)
    text = page.read_text(encoding="utf-8")
    assert "methods.traditional.allocation" in text
    assert "<script" not in text
    shown = checkout.call("dvc", "exp", "show", "--only-changed", "--md", "--no-pager")
    assert experiment in shown
    back = checkout.call("prunestudy", "compare", experiment, "HEAD", "--params", PARAMS)
    assert "| methods.traditional.allocation | global | uniform |" in back
