"""Outputs that take nothing, or not every character: commands do their work, and say what they can.

Each command is run with each kind of output; the study once with the worst of them.
"""

import subprocess
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.store.markers import read_finding
from tests.faults.conftest import remade_a_little
from tests.workflow.conftest import STUDY, Checkout, contents

PARAMS = f"--params studies/{STUDY}.yaml"
COMMANDS = (
    f"status {PARAMS}",
    f"defaults {PARAMS}",
    f"trace wdbc/seed0/adaptive {PARAMS}",
    "schema --markdown",
    "--help",
    "check --params absent-—.yaml",
)
ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "posix": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def shell(place: Checkout, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell in a checkout; bytes, since not every output is UTF-8."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=place.folder,
        env={**place.environment, **environment},
        capture_output=True,
        check=False,
    )


def assert_no_traceback(done: subprocess.CompletedProcess[bytes]) -> None:
    for said in (done.stdout, done.stderr):
        assert b"Traceback" not in said, said
        assert b"Exception ignored" not in said, said


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_says_what_an_encoding_can_show(finished: Checkout, encoding: str) -> None:
    for command in COMMANDS:
        plain = shell(finished, f"prunestudy {command}", PYTHONIOENCODING="utf-8")
        done = shell(finished, f"prunestudy {command}", **ENCODINGS[encoding])
        assert done.returncode == plain.returncode
        assert_no_traceback(done)
        assert len(done.stdout.splitlines()) == len(plain.stdout.splitlines())


@pytest.mark.parametrize(
    ("redirect", "code"),
    [(">/dev/full", 1), (">/dev/full 2>/dev/full", 1), (">&-", 0), (">&- 2>&- <&-", 0)],
)
def test_an_output_that_is_lost_is_said_and_is_a_failure(
    finished: Checkout, redirect: str, code: int
) -> None:
    for command in (f"status {PARAMS}", f"defaults {PARAMS}"):
        done = shell(finished, f"prunestudy {command} {redirect}")
        assert done.returncode == code
        assert_no_traceback(done)
        if "2>" not in redirect and code:
            assert b"the output is incomplete: No space left on device" in done.stderr


def test_a_reader_that_goes_away_ends_a_command_in_silence(finished: Checkout) -> None:
    for command in (f"status {PARAMS}", f"defaults {PARAMS}"):
        done = shell(finished, f"prunestudy {command} | true")
        assert done.stderr == b""


@pytest.mark.parametrize(
    ("redirect", "environment"),
    [
        ("", ENCODINGS["posix"]),
        ("", {**ENCODINGS["ascii"], "PYTHONUNBUFFERED": "1"}),
        (">/dev/full 2>/dev/full", {}),
        (">&- 2>&- <&-", {}),
        ("2>&1 | true", {}),
    ],
    ids=["posix", "ascii", "full", "closed", "no reader"],
)
def test_a_studys_work_does_not_depend_on_its_output(
    finished: Checkout, checkout: Checkout, redirect: str, environment: dict[str, str]
) -> None:
    remade_a_little(checkout)
    done = shell(checkout, f"prunestudy study --study {STUDY} {redirect}", **environment)
    assert done.returncode == 0, done.stderr
    assert_no_traceback(done)
    if not redirect:
        assert b"Report: reports/smoke/index.html" in done.stdout
        assert b"?" in done.stdout
    assert contents(checkout) == contents(finished)
    assert "nothing to do" in checkout.call("prunestudy", "status", *PARAMS.split())
    said = checkout.call("dvc", "status", f"studies/dvc.yaml:study@{STUDY}")
    assert "up to date" in said
    for log in (checkout.folder / "logs").rglob("*.log"):
        assert log.read_text(encoding="utf-8") is not None


def test_a_damaged_finding_is_a_sentence(finished: Checkout, checkout: Checkout) -> None:
    file: Path = checkout.folder / "reports" / STUDY / "metrics.json"
    assert read_finding(file.parent) == read_finding(finished.folder / "reports" / STUDY)
    for damage in (b"", b"[]", b"{}", b'{"finding": 3}', b'{"finding": [3]}', b"null", b"\xff\0"):
        file.write_bytes(damage)
        with pytest.raises(StudyError, match=r"metrics\.json: "):
            read_finding(file.parent)
    file.unlink()
    with pytest.raises(StudyError, match=r"metrics\.json: is missing"):
        read_finding(file.parent)
