"""The forkserver: jobs are real processes of their own that say and do what they would alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunestudy.plan.fingerprint import library_root
from prunestudy.plan.steps import STEPS
from prunestudy.run import forkserver as server

# A stand-in for the command line of a copy of the library, told by its arguments.
CLI = """
import os, signal, sys, time

def main(arguments):
    what = arguments[1]
    if what == "tell":
        print("folder", os.getcwd())
        print("value", os.environ.get("VALUE"), "of", os.getppid(), file=sys.stderr)
        return 7
    if what == "raise":
        raise ValueError("something is wrong")
    if what == "exit":
        raise SystemExit(2)
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if what in ("wait", "ignore"):
        print(os.getpid(), flush=True)
        time.sleep(600)
    return 0
"""
# What it takes, and the module that each of them imports.
COMMANDS = {"train": "prunestudy.cli.main", "prune": "prunestudy.cli.main"}
CALL = """
import sys
from prunestudy.run.delegate import delegate
print('code', delegate(sys.argv[1:]))
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the library that has the stand-in for its command line."""
    package = tmp_path / "library" / "prunestudy"
    shutil.copytree(library_root() / "prunestudy", package)
    (package / "cli" / "main.py").write_text(CLI, encoding="utf-8")
    return package


@pytest.fixture
def environment(library: Path) -> Iterator[dict[str, str]]:
    """The environment in which commands find a forkserver of that package."""
    plain = {**os.environ, "PYTHONPATH": str(library.parent)}
    with server.forkserver(plain, COMMANDS) as found:
        yield found


def call(environment: dict[str, str], *arguments: str, folder: Path | None = None) -> list[str]:
    """Lines that a command says when it delegates: what the job says, then the exit code."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, *arguments],
        env=environment,
        cwd=folder,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.splitlines()


def test_a_job_has_the_commands_streams_folder_and_environment(environment, tmp_path: Path):
    said = call({**environment, "VALUE": "42"}, "prune", "tell", folder=tmp_path)
    assert f"folder {tmp_path}" in said
    [value] = [line for line in said if line.startswith("value 42 of ")]
    # Forked by the forkserver, not by the command.
    assert int(value.split()[-1]) != os.getpid()
    assert said[-1] == "code 7"


def test_a_failing_job_fails_its_command_alone(environment):
    assert "ValueError: something is wrong" in call(environment, "prune", "raise")
    assert call(environment, "prune", "raise")[-1] == "code 70"
    assert call(environment, "prune", "exit")[-1] == "code 2"
    killed = call(environment, "prune", "die")
    assert killed[-1] == f"code {128 + signal.SIGKILL}"
    assert any(line.startswith("prunestudy prune: killed by signal 9; ") for line in killed)
    assert call(environment, "train", "nothing")[-1] == "code 0"


def test_other_commands_and_lone_ones_do_the_work_themselves(environment):
    assert call(environment, "report", "tell") == ["code None"]
    lone = {name: value for name, value in environment.items() if name != server.VARIABLE}
    assert call(lone, "prune", "tell") == ["code None"]
    gone = {**environment, server.VARIABLE: "/nowhere/at/all"}
    assert call(gone, "prune", "tell") == ["code None"]


def test_an_edited_library_is_not_run_by_the_forkserver(environment, library: Path):
    assert call(environment, "prune", "nothing")[-1] == "code 0"
    (library / "cli" / "main.py").write_text(CLI + "# edited\n", encoding="utf-8")
    assert call(environment, "prune", "nothing") == ["code None"]


@pytest.mark.parametrize("begun", [False, True])
def test_nothing_is_forked_once_cuda_has_begun(library: Path, begun: bool):
    torch = f"class cuda:\n    is_initialized = staticmethod(lambda: {begun})\n"
    (library.parent / "torch.py").write_text(torch, encoding="utf-8")
    # What a library asks while it is imported must not begin it unseen either.
    asked = "import os, torch; assert os.environ['PYTORCH_NVML_BASED_CUDA_CHECK'] == '1'\n"
    (library / "cli" / "main.py").write_text(asked + CLI, encoding="utf-8")
    plain = {**os.environ, "PYTHONPATH": str(library.parent)}
    with server.forkserver(plain, COMMANDS) as environment:
        assert call(environment, "prune", "nothing")[-1] == ("code None" if begun else "code 0")


def test_what_jobs_import_does_not_begin_cuda():
    modules = [step.module for step in STEPS.values() if step.torch]
    code = f"import importlib, sys; [importlib.import_module(one) for one in {modules}]; "
    code += "import torch; assert not torch.cuda.is_initialized()"
    subprocess.run([sys.executable, "-c", code], check=True)


def started(environment: dict[str, str], what: str = "wait") -> tuple[subprocess.Popen, int]:
    """A command whose job waits, and the job's process."""
    command = subprocess.Popen(
        [sys.executable, "-c", CALL, "prune", what],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    return command, int(command.stdout.readline())


def assert_ends(pid: int, seconds: int = 10) -> None:
    """A process is gone within some seconds."""
    for _ in range(10 * seconds):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2]
        except (FileNotFoundError, ProcessLookupError):
            # It may go between the opening of the file and its reading.
            return
        if state == "Z":
            return
        time.sleep(0.1)
    raise AssertionError(f"process {pid} is still there")


def test_a_killed_command_takes_its_job_along(environment):
    command, job = started(environment)
    with command:
        command.kill()
    assert_ends(job)
    assert call(environment, "prune", "nothing")[-1] == "code 0"


def test_the_end_of_a_run_ends_its_jobs(library: Path):
    plain = {**os.environ, "PYTHONPATH": str(library.parent)}
    with server.forkserver(plain, COMMANDS) as environment:
        command, job = started(environment)
    assert_ends(job)
    # It does not do the work itself: nobody waits for it any more.
    assert command.communicate()[0].strip() == "code 1"


def test_jobs_run_side_by_side(environment):
    waiting = [started(environment) for _ in range(3)]
    assert call(environment, "prune", "nothing")[-1] == "code 0"
    for command, job in waiting:
        with command:
            command.kill()
        assert_ends(job)


def test_a_command_that_breaks_off_does_not_disturb_the_others(environment):
    waiting, job = started(environment)
    for sent in (b"", b"\0\0", server.HEADER.pack(100) + b"{"):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(environment[server.VARIABLE])
            socket.send_fds(link, [sent or b"\0"], [0, 1, 2])
    assert call(environment, "prune", "nothing")[-1] == "code 0"
    os.kill(job, 0)
    with waiting:
        waiting.kill()
    assert_ends(job)


def test_a_job_that_does_not_heed_its_end_is_killed(environment):
    command, job = started(environment, "ignore")
    with command:
        command.kill()
    assert_ends(job, 15)
    assert call(environment, "prune", "nothing")[-1] == "code 0"


def test_ends_at_the_same_moment_do_not_end_the_forkserver(environment):
    for _ in range(20):
        command, job = started(environment)
        with command:
            os.kill(job, signal.SIGKILL)
            command.kill()
        assert_ends(job)
    assert call(environment, "prune", "nothing")[-1] == "code 0"


def test_a_forkserver_that_still_imports_ends_with_its_run(library: Path):
    slow = library.parent / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    code = (
        "import os; from prunestudy.run.forkserver import forkserver\n"
        "with forkserver(dict(os.environ), {'prune': 'slow'}): os._exit(3)"
    )
    plain = {**os.environ, "PYTHONPATH": str(library.parent)}
    begin = time.monotonic()
    # It holds the run's output as long as it lives.
    done = subprocess.run(
        [sys.executable, "-c", code], env=plain, check=False, capture_output=True, timeout=30
    )
    assert done.returncode == 3
    assert time.monotonic() - begin < 20
