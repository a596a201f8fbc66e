"""Sidecars, markers and lists of any shape: every command answers in words, and none waits."""

import re
from contextlib import chdir
from pathlib import Path

import pytest

from tests.plan.damages import SHAPES, pipe
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


# A file that a command opens, the commands, and how they end.
OPENED = {
    f"studies/{STUDY}.yaml": ((*COMMANDS, ("check",), ("run",), ("ui",)), 2),
    ".prunestudy.lock": ((("run",), ("gc",), ("archive", "--out", "a.zip")), 1),
    ".prunestudy.jobs.lock": ((("run",), ("gc",), ("archive", "--out", "a.zip")), 1),
    "mlruns/.lock": ((("ui",),), 1),
}


@pytest.mark.parametrize("name", OPENED)
def test_no_command_waits_for_a_pipe_in_place_of_a_file(checkout: Checkout, name: str) -> None:
    with chdir(checkout.folder):
        pipe(Path(name))
    commands, code = OPENED[name]
    for command in commands:
        done = checkout.attempt("timeout", "60", "prunestudy", command[0], *command[1:], *PARAMS)
        assert done.returncode == code, (command, done.stdout)
        assert "Traceback" not in done.stdout, (command, done.stdout)
        assert re.search(rf"(file|{re.escape(name)}): is a named pipe", done.stdout), done.stdout
        assert len(done.stdout.splitlines()) <= 2
