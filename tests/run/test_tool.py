"""Tools of a run: quiet when interrupted at any moment, and gone with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.run import tool
from prunestudy.run.interrupts import INTERRUPTED, deaf
from prunestudy.run.processes import call
from tests.run.test_forkserver import assert_ends

# Stand-ins for snakemake: one that imports for long, and ones whose jobs are at work.
IMPORTING = """
try:
    import time
    open("begun", "w").close()
    time.sleep(30)
except BaseException:
    print("Traceback of 50 lines")
    raise
"""
WORKING = """
import subprocess, time
from prunestudy.run import tool
tool.GRACE = 1
tool.jobs_begin()
job = subprocess.Popen(["sleep", "60"])
open("begun", "w").write(str(job.pid))
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("cancelled", flush=True)
    open("cancelled", "w").close()
    {then}
"""
STARTING = """
import sys
from prunestudy.run import tool
from prunestudy.run.processes import call
sys.exit(call(tool.command("snakemake"), starts_deaf=True))
"""


@pytest.fixture
def starts(tmp_path: Path) -> Callable[[str], tuple[subprocess.Popen, Path]]:
    """Start the stand-in for snakemake as a run does; wait until it has begun."""

    def start(code: str) -> tuple[subprocess.Popen, Path]:
        (tmp_path / "snakemake.py").write_text(code, encoding="utf-8")
        path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        run = subprocess.Popen(
            [sys.executable, "-c", STARTING],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + 30
        while not (tmp_path / "begun").exists() or ("job" in code and not pid(tmp_path)):
            assert time.monotonic() < end
            time.sleep(0.02)
        return run, tmp_path

    return start


def pid(folder: Path) -> int:
    return int((folder / "begun").read_text() or 0)


def test_before_jobs_are_at_work_an_interrupt_ends_a_tool_without_a_word(starts: Callable):
    run, _ = starts(IMPORTING)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=5)[0] == ""
    assert run.returncode == INTERRUPTED


def test_an_interrupt_while_it_starts_waits_until_it_can_answer(tmp_path: Path):
    with deaf():
        process = subprocess.Popen(
            tool.command("timeit", "-n1", "-r1", "-s", "import time", "time.sleep(20)"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[0] == b""
    assert process.returncode == INTERRUPTED


def test_jobs_at_work_are_cancelled_and_their_failures_not_told(starts: Callable):
    run, folder = starts(WORKING.format(then="raise SystemExit(1)"))
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=5)[0]
    assert run.returncode == INTERRUPTED
    assert (folder / "cancelled").exists()
    assert "cancelled" not in said
    assert_ends(pid(folder))


def test_a_tool_that_loses_an_interrupt_is_ended_all_the_same(starts: Callable):
    run, folder = starts(WORKING.format(then="time.sleep(60)"))
    run.send_signal(signal.SIGINT)
    begin = time.monotonic()
    run.communicate(timeout=5)
    assert time.monotonic() - begin >= 0.9
    assert run.returncode == INTERRUPTED
    assert_ends(pid(folder))


@pytest.mark.parametrize(
    ("which", "busy"), [("the run", False), ("the run", True), ("the tool", False)]
)
def test_a_kill_takes_all_below_along(starts: Callable, which: str, busy: bool):
    # As where the signal comes just before the main thread begins to wait.
    code = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})\n" * busy
    run, folder = starts(code + WORKING.format(then="pass"))
    parent = Path(f"/proc/{pid(folder)}/stat").read_text().split()[3]
    os.kill(run.pid if which == "the run" else int(parent), signal.SIGKILL)
    run.communicate(timeout=10)
    assert_ends(pid(folder), 3)


def test_a_tool_ends_with_its_own_code_and_sees_its_arguments(tmp_path: Path, capfd):
    assert call(tool.command("timeit", "-n1", "-r1", "-u", "sec", "pass"), starts_deaf=True) == 0
    assert "1 loop" in capfd.readouterr().out
    assert call(tool.command("timeit", "-n1", "-x"), starts_deaf=True) == 2
