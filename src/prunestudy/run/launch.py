"""Running a study: one at a time in a checkout, snakemake for the graph, DVC around it."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from prunestudy.errors import StudyError
from prunestudy.params import Study
from prunestudy.params.reader import read_study, read_yaml
from prunestudy.plan import status as answers
from prunestudy.plan.plan import Plan
from prunestudy.run import forkserver as warm
from prunestudy.steps.jobs import JOBS_LOCK, report_folder
from prunestudy.store import artifacts

# One study at a time in a checkout, and within it one run of the graph; each lock lives as long
# as any of its processes, so that what a kill left running still holds it.
STUDY_LOCK = Path(".prunestudy.study.lock")
RUN_LOCK = Path(".prunestudy.lock")
SNAKEFILE = Path("Snakefile")
INCOMPLETE = Path(".snakemake/incomplete")
LOG_LINES = 30
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
INTERRUPTED = (
    "\nprunestudy: interrupted; ending the jobs at work. What is finished is kept, and the next "
    "run goes on from the last epoch. Interrupt again to end at once.\n"
)
ENDED_BY_INTERRUPT = 130
# A warm process takes as long to start as one job.
WORTH_WARMING = 3
# One thread a job: parallelism comes from the graph, and results stay the same.
ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


def run(arguments: Namespace) -> int:
    """``prunestudy run``: snakemake, one at a time in a checkout, then a sweep."""
    _check_writable(Plan(read_here(arguments.params)))
    with only_one(RUN_LOCK) as lock:
        # One plan from here to the end, whatever was edited while this run waited for another:
        # what it makes must not be swept as what it does not reach.
        plan = Plan(read_here(arguments.params))
        _wait_for_jobs()
        # Whole or not there: that is how artifacts are written, so nothing has to be made again
        # because snakemake was killed before it could note that a job had ended.
        shutil.rmtree(INCOMPLETE, ignore_errors=True)
        answers.drop_broken_marker(plan)
        answers.drop_unpublished(plan)
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--snakefile",
            str(SNAKEFILE),
            "--cores",
            arguments.cores,
            *_progress(),
            "--config",
            f"params={arguments.params}",
            *arguments.snakemake,
        ]
        begin = time.time()
        with _warmed(plan) as environment:
            code = call(command, environment, lock, end_at_once=True)
        if code == 0 and not arguments.snakemake:
            for path in answers.unreached(plan):
                artifacts.remove(path)
        elif code not in (0, ENDED_BY_INTERRUPT):
            _show_failed_logs(plan, begin)
    for published in plan.of_step("publish"):
        warning = answers.not_published(published)
        if warning:
            print(f"\nwarning: {warning}; the next run tries again", file=sys.stderr)
    return code or _told_of_holes(plan)


def study(arguments: Namespace) -> int:
    """``prunestudy study``: what ``make study`` calls."""
    name = arguments.study
    params = Path("studies") / f"{name}.yaml" if name else Path("params.yaml")
    checked = read_here(params)
    if checked.name != (name or "default"):
        raise StudyError(
            f"{params}: its name is '{checked.name}', but folders and DVC go by "
            f"'{name or 'default'}'; write name: {name or 'default'}"
        )
    if name and f"studies/{name}.yaml" not in _known_to_dvc():
        raise StudyError(
            f"DVC does not know the study '{name}'; add it to the list foreach in studies/dvc.yaml"
        )
    target = ["studies/dvc.yaml:study@" + name] if name else []
    _check_writable(Plan(checked))
    with only_one(STUDY_LOCK) as lock:
        plan = Plan(read_here(params))
        answers.drop_broken_marker(plan)
        answers.drop_unpublished(plan)
        # DVC does not know of the user's own code and of package versions; the run keys do.
        force = ["--force"] if answers.missing(plan) else []
        code = call([sys.executable, "-m", "dvc", "repro", *force, *target], lock=lock)
    if code == ENDED_BY_INTERRUPT:
        print("prunestudy study: interrupted", file=sys.stderr)
        return code
    if code != 0 and answers.failures(plan) and not answers.missing(plan):
        print(
            "prunestudy study: every other cell is finished and the report is written: "
            f"{report_folder(checked.name) / 'index.html'}. DVC does not record a study with "
            "holes; change the parameters that made them and run it again.",
            file=sys.stderr,
        )
        return 1
    if code != 0:
        print(
            "prunestudy study: the study is not finished. The log of the failed job is above; "
            "what was finished is kept, and the next run goes on from there.",
            file=sys.stderr,
        )
        return 1
    folder = report_folder(checked.name)
    print("\n" + finding(folder))
    print(f"\nReport: {folder / 'index.html'}")
    return 0


def _check_writable(plan: Plan) -> None:
    """Say at once where nothing can be written, instead of after the first job.

    Raises:
        StudyError: a folder of artifacts or of the report is read-only.
    """
    folders = {artifact.path.parent for artifact in answers.missing(plan)}
    for folder in sorted({*folders, report_folder(plan.study.name), Path()}):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise StudyError(
                f"{there}: Read-only file system or no permission to write there; make it "
                "writable, then run the study again; what is finished is kept"
            )


def _told_of_holes(plan: Plan) -> int:
    """Exit code 1 and the causes, where cells of a finished study have no outcome."""
    causes = answers.failures(plan)
    if causes:
        print(
            f"\n{len(causes)} cells have failed; the report shows them as holes:", file=sys.stderr
        )
        for artifact, cause in causes:
            print(f"  {artifact.cell}: {cause}", file=sys.stderr)
    return 1 if causes else 0


def _show_failed_logs(plan: Plan, begin: float) -> None:
    """The ends of the logs of this run's jobs that left no artifact."""
    for artifact in answers.missing(plan):
        log = answers.log_path(artifact)
        if log.exists() and log.stat().st_mtime >= begin:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            shown = "\n".join(f"    {line}" for line in lines[-LOG_LINES:])
            print(f"\nfailed: {artifact.cell}\n  log: {log}\n{shown}", file=sys.stderr)


def _progress() -> list[str]:
    """Bars where a person watches, plain lines of steps done and total elsewhere."""
    if sys.stderr.isatty():
        return ["--logger", "rich"]
    return ["--quiet", "rules", "host", "reason"]


def _known_to_dvc() -> list[str]:
    """The params files of the studies that studies/dvc.yaml lists."""
    names = read_yaml(Path("studies/dvc.yaml"))["stages"]["study"]["foreach"]
    return [f"studies/{name}.yaml" for name in names]


def finding(folder: Path) -> str:
    """The finding of a finished report."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return "\n".join(metrics["finding"])


def read_here(params: Path) -> Study:
    if not SNAKEFILE.exists():
        raise StudyError(f"there is no {SNAKEFILE} in {Path.cwd()}; run in the project's folder")
    return read_study(params)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold a lock of the checkout, and yield its descriptor for the processes that share it.

    The system frees it when the last of them ends, however it ends.
    """
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"prunestudy: another run is at work in this checkout (it holds {path}); "
                "waiting for it",
                file=sys.stderr,
                flush=True,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _wait_for_jobs() -> None:
    """Wait for jobs that a killed run left at work: each holds a lock of its own as long as it is.

    They would write into the same places.
    """
    with JOBS_LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                "prunestudy: jobs of an earlier run are still at work here; waiting for them",
                file=sys.stderr,
                flush=True,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)


@contextlib.contextmanager
def _warmed(plan: Plan) -> Iterator[dict[str, str]]:
    """The environment of a run, with a warm process where enough jobs would import torch."""
    jobs = [artifact for artifact in answers.missing(plan) if artifact.step in warm.STEPS]
    if len(jobs) < WORTH_WARMING:
        yield job_environment()
    else:
        with warm.warm_process(job_environment()) as environment:
            yield environment


def job_environment() -> dict[str, str]:
    environment = {**os.environ, **ENVIRONMENT}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def call(
    command: list[str],
    environment: dict[str, str] | None = None,
    lock: int | None = None,
    end_at_once: bool = False,
) -> int:
    """Run a command to its end, in a process group that an interrupt reaches through here alone.

    Ctrl-C in a terminal and a signal to this process alone are then the same: the group is
    interrupted and may clean up. Interrupted again, it is interrupted again, or killed.

    Args:
        lock: a descriptor that it keeps open, so that it holds the lock too.
        end_at_once: a second interrupt kills the group; what it has written is whole at any moment.
    """
    process: subprocess.Popen[bytes] | None = None
    interrupts = 0

    def send(number: int) -> None:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        send(signal.SIGKILL if interrupts > 1 and end_at_once else signal.SIGINT)
        if interrupts == 1 and end_at_once:
            # In one write: a signal may come in the middle of another message, and the terminal
            # may be gone.
            with contextlib.suppress(OSError):
                os.write(2, INTERRUPTED.encode())

    def pause(_number: int, _frame: FrameType | None) -> None:
        send(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(_number: int, _frame: FrameType | None) -> None:
        send(signal.SIGCONT)

    # What starts a process in the background, or by nohup, has it ignore some of them; its
    # children must not, since these are how it ends them.
    handlers = {
        one: _ignore if signal.getsignal(one) is signal.SIG_IGN else pass_on for one in STOPS
    }
    handlers |= {signal.SIGTSTP: pause, signal.SIGCONT: go_on}
    before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
    try:
        process = subprocess.Popen(
            command,
            env=environment or job_environment(),
            pass_fds=() if lock is None else (lock,),
            process_group=0,
        )
        if interrupts:
            send(signal.SIGINT)
        code = process.wait()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler or signal.SIG_DFL)
    return ENDED_BY_INTERRUPT if code and interrupts else code


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """What SIG_IGN does, but a child does not inherit it."""
