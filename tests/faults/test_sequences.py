"""Random sequences of all that happens to a checkout: in process, and with the real tools."""

import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from prunestudy.cli.main import main
from prunestudy.plan.artifact import Artifact
from tests.faults import stubs
from tests.faults.conftest import start, wait_for_peace, while_held
from tests.faults.sequences import PARAMS, Sequences
from tests.faults.test_kills import kill_one
from tests.waiting import Hearing, held
from tests.workflow.conftest import Checkout, new_checkout

IN_PROCESS = int(os.environ.get("PRUNESTUDY_SEQUENCES", "475"))
REAL = int(os.environ.get("PRUNESTUDY_REAL_SEQUENCES", "25"))
# Changes of the file system that a whole run with cheap steps makes, roughly.
CHANGES = 400
WRITING = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
# A sequence that breaks an invariant is told as it is: to shorten it would take hours.
QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.generate],
    "report_multiple_bugs": False,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: what is flushed to a disk costs nothing there."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    here = Path.cwd()
    yield folder
    os.chdir(here)
    shutil.rmtree(folder)


def test_sequences_with_cheap_steps(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stubs.install(monkeypatch)
    checkout = new_checkout(memory / "finished")
    os.chdir(checkout.folder)
    assert main(["run", "--params", str(PARAMS)]) == 0
    checkout.call("git", "add", "--all")
    checkout.call("git", "commit", "--quiet", "--message", "Finish the study")

    class InProcess(Sequences):
        def scratch(self) -> Path:
            return memory

        def finished(self) -> Path:
            return checkout.folder

        def fits(self, artifact: Artifact) -> bool:
            return stubs.fits(artifact)

        def attempt(self, *words: str) -> tuple[int, str]:
            return self.told(io.StringIO(), *words)

        def told(self, told: io.StringIO, *words: str) -> tuple[int, str]:
            with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
                code = main([words[0], "--params", str(PARAMS), *words[1:]])
            return code, told.getvalue()

        def attempt_while(
            self, lock: Path, moment: Callable[[], None], *words: str
        ) -> tuple[int, str]:
            with held(lock) as let_go:
                return self.told(Hearing(moment, let_go), *words)

        def kill(self, moment: float) -> None:
            child = os.fork()
            if child == 0:
                die_at(int(moment * CHANGES))
                self.attempt("run")
                os._exit(0)
            os.waitpid(child, 0)

    steps = settings(max_examples=IN_PROCESS, stateful_step_count=10, **QUIET)
    run_state_machine_as_test(InProcess, settings=steps)
    print(f"\n{dict(InProcess.counted)}")
    assert InProcess.counted["sequence"] >= IN_PROCESS


def die_at(change: int) -> None:
    """Have this process end at one of its changes of the file system, as kill -9 ends it."""
    left = change

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if writes or event in WRITING:
            left -= 1
            if left < 0:
                os._exit(137)

    sys.addaudithook(hook)


def finished_on_one_task(folder: Path) -> Checkout:
    """A checkout in which the smoke study has run on its first task: runs take half as long."""
    checkout = new_checkout(folder)
    shutil.rmtree(folder / "reports")
    text = checkout.params.read_text(encoding="utf-8")
    tasks, rest = text.split("  wdbc:\n")
    checkout.params.write_text(tasks + rest[rest.index("\nmethods:") :], encoding="utf-8")
    checkout.call("prunestudy", "run", "--params", str(PARAMS))
    checkout.call("git", "add", "--all")
    checkout.call("git", "commit", "--quiet", "--message", "Finish the study")
    return checkout


def test_sequences_with_the_real_tools(tmp_path: Path) -> None:
    here, finished = Path.cwd(), finished_on_one_task(tmp_path / "finished")
    (tmp_path / "copies").mkdir()

    class Real(Sequences):
        def scratch(self) -> Path:
            return tmp_path / "copies"

        def finished(self) -> Path:
            return finished.folder

        def attempt(self, *words: str) -> tuple[int, str]:
            done = self.checkout().attempt(
                "prunestudy", words[0], "--params", str(PARAMS), *words[1:]
            )
            assert "Traceback" not in done.stdout, done.stdout
            return done.returncode, done.stdout

        def attempt_while(
            self, lock: Path, moment: Callable[[], None], *words: str
        ) -> tuple[int, str]:
            command = ("prunestudy", words[0], "--params", str(PARAMS), *words[1:])
            return while_held(self.checkout(), lock, moment, *command)

        def kill(self, moment: float) -> None:
            run = start(self.checkout(), "prunestudy", "run", "--params", str(PARAMS))
            with contextlib.suppress(Exception):
                run.wait(timeout=10 * moment)
            chance = random.Random(moment)
            if kill_one(self.checkout(), chance) == "all":
                run.wait()
            run.communicate()
            wait_for_peace(self.checkout())

        def checkout(self) -> Checkout:
            return Checkout(Path.cwd())

    steps = settings(max_examples=REAL, stateful_step_count=6, **QUIET)
    try:
        run_state_machine_as_test(Real, settings=steps)
    finally:
        os.chdir(here)
    print(f"\n{dict(Real.counted)}")
    assert Real.counted["sequence"] >= REAL
