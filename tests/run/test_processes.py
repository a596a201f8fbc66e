"""Processes that a run starts: exit codes, interrupts, and the locks that they hold."""

import contextlib
import getpass
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import one_publisher
from prunestudy.run import graph
from prunestudy.run.graph import check_writable
from prunestudy.run.locks import RUN_LOCK, STUDY_LOCK, only_one, wait_for_jobs
from prunestudy.run.processes import call, job_environment
from prunestudy.steps.job import JOBS_LOCK, _at_work
from prunestudy.store.files import remove
from prunestudy.store.guarded import kind
from tests.conftest import within
from tests.plan.damages import KINDS

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


@pytest.mark.parametrize("home", ["absent", "file", "read-only", "unreadable", "good"])
def test_tools_have_a_place_of_their_own_where_the_home_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / home
    monkeypatch.setenv("HOME", str(place))
    if home == "file":
        place.touch()
    elif home != "absent":
        place.mkdir()
    # Root may do anything, so the system is not asked.
    denied = {"read-only": os.W_OK, "unreadable": os.W_OK | os.R_OK}.get(home, 0)
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & denied)
    found = job_environment()
    if home == "good":
        assert found["HOME"] == str(place)
        assert not (tmp_path / ".scratch").exists()
    else:
        assert found["XDG_CACHE_HOME"].startswith(str(tmp_path / ".scratch"))
        # A home that can be read has the user's settings.
        replaced = found["HOME"] != str(place)
        assert replaced == (home != "read-only")
        assert Path(found["HOME"]).is_dir()


def test_a_user_whom_the_system_does_not_know_has_a_name(monkeypatch: pytest.MonkeyPatch):
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert job_environment()["USER"] == f"uid{os.getuid()}"


def test_the_tools_write_what_the_terminal_can_show_and_files_in_utf_8(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    found = job_environment()
    assert found["PYTHONIOENCODING"] == "latin-1:replace"
    assert found["PYTHONUTF8"] == "1"


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


@contextlib.contextmanager
def of_jobs() -> Iterator[None]:
    wait_for_jobs()
    yield


LOCKS: dict[str, Callable[[], contextlib.AbstractContextManager]] = {
    str(RUN_LOCK): lambda: only_one(RUN_LOCK),
    str(STUDY_LOCK): lambda: only_one(STUDY_LOCK),
    str(JOBS_LOCK): of_jobs,
    f"./{JOBS_LOCK}": _at_work,
    "mlruns/.lock": one_publisher,
}


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_no_lock_file_is_named_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str, how: str
):
    monkeypatch.chdir(tmp_path)
    path = Path(lock)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    KINDS[how](path)
    before = sorted(tmp_path.rglob("*"))
    expected = re.escape(f"{path}: is {kind(path)}, not the file that is locked there; remove it")
    with within(5), pytest.raises(StudyError, match=f"^{expected}"), LOCKS[lock]():
        pass
    assert sorted(tmp_path.rglob("*")) == before
    remove(path)
    with LOCKS[lock]():
        assert path.is_file()


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


# After a run.


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("one\nprunestudy prune: no\n", ["one", "prunestudy prune: no"]),
        (
            "Traceback (most recent call last):\n  File x\n    y\nKeyError: 1\nprunestudy x: no\n",
            ["KeyError: 1", "prunestudy x: no"],
        ),
        ("", [graph.WORDLESS]),
        (
            "# Fatal: out of memory\n  /lib/vl.so(+0x41) [0x7f0e1]\n",
            ["# Fatal: out of memory", "W"],
        ),
    ],
)
def test_a_jobs_log_is_shown_without_tracebacks_and_never_wordless(log: str, shown: list[str]):
    expected = [graph.WORDLESS if line == "W" else line for line in shown]
    assert graph._without_traceback(log) == expected


def test_nothing_is_of_the_future_when_snakemake_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: Study
):
    monkeypatch.chdir(tmp_path)
    plan = Plan(study)
    folder, file = plan.of_step("train")[0].path, plan.of_step("prepare")[0].path
    folder.mkdir(parents=True)
    file.parent.mkdir(parents=True)
    stamp = folder / ".snakemake_timestamp"
    for path in (file, stamp):
        path.touch()
    past = 1e9
    os.utime(file, (past, past))
    for path in (stamp, folder):
        os.utime(path, (4e9, 4e9))
    graph._date_back(plan)
    assert file.stat().st_mtime == past
    assert max(path.stat().st_mtime for path in (stamp, folder)) <= time.time()
