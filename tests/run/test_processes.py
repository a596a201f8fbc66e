"""Processes that a run starts: exit codes, interrupts, and the locks that they hold."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.run.graph import check_writable
from prunestudy.run.locks import only_one
from prunestudy.run.processes import call, job_environment

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A command that interrupts whoever started it, as Ctrl-C would, and ends with a code when that
# comes back to it.
INTERRUPTING = """
import os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit({code}))
os.kill(os.getppid(), signal.{signal})
time.sleep(10)
"""
WAITING = """
import sys
from pathlib import Path
from prunestudy.run.locks import only_one
print("begun", flush=True)
with only_one(Path(sys.argv[1])):
    print("mine", flush=True)
"""


@pytest.fixture
def heard() -> Iterator[None]:
    """Signals are heard, even where whatever runs the tests ignores them, as nohup does."""
    before = {one: signal.signal(one, signal.SIG_DFL) for one in STOPS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def python(code: str) -> list[str]:
    """A command that runs some code."""
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("code", [0, 3, 130])
def test_a_command_ends_with_its_own_code(code: int):
    assert call(python(f"raise SystemExit({code})")) == code


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(("code", "expected"), [(1, 130), (7, 130), (0, 0)])
def test_an_interrupt_reaches_the_command_and_tells_what_became_of_it(
    number: str, code: int, expected: int
):
    # One that ends well all the same has done its work.
    assert call(python(INTERRUPTING.format(code=code, signal=number))) == expected


def test_signals_are_heard_as_before_once_the_command_has_ended():
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP)]
    call(python("pass"))
    after = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP)]
    assert after == before


def test_every_job_has_one_thread_and_this_environments_commands(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("OWN", "kept")
    found = job_environment()
    threads = [name for name in found if name.endswith("_NUM_THREADS") and found[name] == "1"]
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= set(threads)
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found["OWN"] == "kept"
    assert found["PYTHONHASHSEED"] == "0"


# Locks.


@pytest.fixture
def waiting(tmp_path: Path) -> Callable[[], subprocess.Popen]:
    """Start a process that takes the lock of a folder and says when it has it."""

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            [*python(WAITING), str(tmp_path / "lock")],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return start


def test_a_second_run_waits_for_the_first_and_says_so(tmp_path: Path, waiting: Callable):
    with only_one(tmp_path / "lock"):
        second = waiting()
        assert second.stdout.readline() == "begun\n"
        assert "another run is at work" in second.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.3)
    assert second.communicate(timeout=30)[0] == "mine\n"
    assert second.returncode == 0


def test_a_free_lock_is_taken_in_silence(waiting: Callable):
    said, complaints = waiting().communicate(timeout=30)
    assert (said, complaints) == ("begun\nmine\n", "")


def test_a_command_that_was_given_the_lock_holds_it_too(tmp_path: Path, waiting: Callable):
    with only_one(tmp_path / "lock") as lock:
        assert call(python(f"import os; os.fstat({lock})"), lock=lock) == 0
        assert call(python(f"import os; os.fstat({lock})")) != 0


# Before a run.


@pytest.mark.parametrize("place", ["models", "reports", "."])
def test_a_folder_in_which_nothing_can_be_written_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: Study, place: str
):
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "models", "reports"):
        (tmp_path / folder).mkdir()
    plan = Plan(study)
    check_writable(plan)

    def access(path: Path, mode: int) -> bool:
        # Root may write anywhere, so the system is not asked.
        return not (path == Path(place) and mode & os.W_OK)

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(StudyError, match=f"^{place.replace('.', '[.]')}: Read-only file system"):
        check_writable(plan)
