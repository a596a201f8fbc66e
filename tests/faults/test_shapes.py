"""Sidecars, markers and lists of any shape: every command answers in words, and none waits."""

from contextlib import chdir
from pathlib import Path

import pytest

from tests.plan.damages import SHAPES
from tests.workflow.conftest import STUDY, Checkout

PARAMS = ("--params", f"studies/{STUDY}.yaml")
COMMANDS = (
    ("status",),
    ("verify",),
    ("trace", "wdbc/seed0/adaptive"),
    ("compare", "HEAD"),
    ("gc", "--dry-run"),
    ("archive", "--out", "a.zip"),
)
FILES = (
    f"models/{STUDY}/*.json",
    f"models/{STUDY}/*.marker",
    f"models/{STUDY}/wdbc/seed0/*.json",
    f"models/{STUDY}/wdbc/seed0/adaptive-????????????/networks.csv",
    f"data/{STUDY}/*/*.json",
    f"reports/{STUDY}/*.json",
    f"reports/{STUDY}/tables/*.csv",
)


@pytest.mark.parametrize("shape", ["a pipe", "nested deep", "binary"])
def test_every_command_answers_in_words(checkout: Checkout, shape: str) -> None:
    with chdir(checkout.folder):
        for pattern in FILES:
            for path in sorted(Path().glob(pattern)):
                SHAPES[shape](path)
    for command in COMMANDS:
        done = checkout.attempt("timeout", "60", "prunestudy", command[0], *command[1:], *PARAMS)
        assert done.returncode in (0, 1), (command, done.stdout)
        assert "Traceback" not in done.stdout, (command, done.stdout)
