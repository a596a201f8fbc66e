"""``prunestudy run``: the study's graph by snakemake, then a sweep."""

import contextlib
import os
import re
import shutil
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.params.reader import read_study
from prunestudy.params.settings import Study
from prunestudy.plan import status
from prunestudy.plan.fit import unfit
from prunestudy.plan.heal import heal
from prunestudy.plan.pin import pin
from prunestudy.plan.plan import Plan
from prunestudy.plan.steps import STEPS
from prunestudy.run import tool
from prunestudy.run.delegate import MEMORY
from prunestudy.run.forkserver import forkserver
from prunestudy.run.locks import RUN_LOCK, only_one, wait_for_jobs, without_jobs
from prunestudy.run.processes import ENDED_BY_INTERRUPT, call, job_environment
from prunestudy.store.files import remove
from prunestudy.store.memory import job_gb
from prunestudy.store.names import report_folder

SNAKEFILE = Path("Snakefile")
INCOMPLETE = Path(".snakemake/incomplete")
LOG_LINES = 30
# How the last words of a job begin, and what it is that ends without any.
SENTENCES = ("prunestudy", "failed: ")
WORDLESS = f"it ended without a word, as what the system kills; {MEMORY}"
NATIVE_FRAME = re.compile(r"\[0x[0-9a-f]+\]$")
# Of snakemake: to say what would be done, and do nothing.
DRY = {"-n", "--dry-run", "--dryrun"}
STARTED_BY_DVC = "DVC_STAGE"
# A forkserver takes as long to start as one job.
WORTH_FORKING = 3


def run(arguments: Namespace) -> int:
    """``prunestudy run``: snakemake, one at a time in a checkout, then a sweep."""
    if STARTED_BY_DVC in os.environ:
        tool.die_with_parent(os.getppid(), signal.SIGKILL)
    check_writable(Plan(read_here(arguments.params)))
    with only_one(RUN_LOCK) as lock:
        wait_for_jobs()
        # One plan from here to the end, whatever was edited while this run waited for another:
        # what it makes must not be swept as what it does not reach.
        plan = Plan(read_here(arguments.params))
        # Whole or not there: that is how artifacts are written, so nothing has to be made again
        # because snakemake was killed before it could note that a job had ended.
        shutil.rmtree(INCOMPLETE, ignore_errors=True)
        if not DRY & set(arguments.snakemake):
            heal_study(plan)
            status.drop_unpublished(plan)
            compute = plan.study.compute
            allowed = job_gb(compute.memory_gb, compute.accelerator, arguments.cores)
            status.drop_outgrown(plan, allowed)
            _date_back(plan)
        command = tool.command(
            tool.SNAKEMAKE,
            *("--snakefile", str(SNAKEFILE), "--cores", arguments.cores, *_progress()),
            *("--resources", f"gpu={plan.study.compute.gpu_shares}"),
            *("--config", f"params={arguments.params}", *arguments.snakemake),
        )
        before, absent = _logs(plan), status.missing(plan)
        with _forking(plan) as environment:
            code = call(command, environment, lock, end_at_once=True, starts_deaf=True)
            # What was measured again may have other numbers, and whatever was made from the former
            # ones goes; its own new contents may be others again, at most once a step.
            for _step in STEPS if absent and not arguments.snakemake else ():
                if code == 0:
                    heal_study(plan)
                if code != 0 or not status.missing(plan):
                    break
                code = call(command, environment, lock, end_at_once=True, starts_deaf=True)
        if code == 0 and not DRY & set(arguments.snakemake):
            with without_jobs():
                for path in () if arguments.snakemake else status.unreached(plan):
                    remove(path)
                if not status.missing(plan):
                    pin(plan)
        elif code not in (0, ENDED_BY_INTERRUPT):
            _show_failed_logs(plan, before)
    for published in plan.of_step("publish"):
        warning = status.not_published(published)
        if warning:
            print(f"\nwarning: {warning}; the next run tries again", file=sys.stderr)
    return code or _told_of_failures(plan)


def read_here(params: Path) -> Study:
    """Read a study in the project's folder, where its graph is."""
    if not SNAKEFILE.exists():
        raise StudyError(f"there is no {SNAKEFILE} in {Path.cwd()}; run in the project's folder")
    return read_study(params, unfit)


def heal_study(plan: Plan) -> None:
    """Name and remove what is not what its job wrote, so that it is made again."""
    for line in heal(plan):
        print(line, file=sys.stderr)


def check_writable(plan: Plan) -> None:
    """Say at once where nothing can be written, instead of after the first job.

    Raises:
        StudyError: a folder of artifacts or of the report is read-only.
    """
    folders = {artifact.path.parent for artifact in status.missing(plan)}
    for folder in sorted({*folders, report_folder(plan.study.name), Path()}):
        # What lies in the place of a folder is told once it is looked at.
        there = next(place for place in (folder, *folder.parents) if place.is_dir())
        if not os.access(there, os.W_OK | os.X_OK):
            raise StudyError(
                f"{there}: Read-only file system or no permission to write there; make it "
                "writable, then run the study again; what is finished is kept"
            )


def _date_back(plan: Plan) -> None:
    """Have nothing be of the future, where the clock was set back.

    Times decide nothing here, but snakemake refuses an output that is older than its inputs.
    """
    now = time.time()
    for path in (one.path for one in plan):
        # Where snakemake notes the time of a folder.
        for dated in (path, path / ".snakemake_timestamp"):
            with contextlib.suppress(OSError):
                if dated.stat().st_mtime > now:
                    os.utime(dated, (now, now))


def _told_of_failures(plan: Plan) -> int:
    """Exit code 1 and the causes, where cells of a finished study have failed."""
    causes = status.failures(plan)
    if causes:
        print(f"\n{len(causes)} cells have failed; the report names them:", file=sys.stderr)
        for artifact, cause in causes:
            print(f"  {artifact.name}: {cause}", file=sys.stderr)
    return 1 if causes else 0


def _logs(plan: Plan) -> dict[Path, int]:
    """When the logs of what is missing were written; clocks may be set back between two runs."""
    found = {}
    for log in (artifact.log() for artifact in status.missing(plan)):
        with contextlib.suppress(OSError):
            found[log] = log.stat().st_mtime_ns
    return found


def _show_failed_logs(plan: Plan, before: dict[Path, int]) -> None:
    """The ends of the logs of this run's jobs that left no artifact."""
    after = _logs(plan)
    for artifact in status.missing(plan):
        log = artifact.log()
        if log in after and before.get(log) != after[log]:
            lines = _without_traceback(log.read_text(encoding="utf-8", errors="replace"))
            shown = "\n".join(f"    {line}" for line in lines[-LOG_LINES:])
            print(f"\nfailed: {artifact.name}\n  log: {log}\n{shown}", file=sys.stderr)


def _without_traceback(log: str) -> list[str]:
    """The lines of a log without tracebacks, which are in the log, and why it says nothing."""
    found: list[str] = []
    inside = False
    for line in log.splitlines():
        if line.startswith("Traceback (most recent call last)"):
            inside = True
        elif not inside:
            found.append(line)
        elif line and not line.startswith(" "):
            inside = False
            found.append(line)
    found = [line for line in found if not NATIVE_FRAME.search(line)]
    if not any(line.startswith(SENTENCES) for line in found):
        found.append(WORDLESS)
    return found


def _progress() -> list[str]:
    """Bars where a person watches, plain lines of steps done and total elsewhere."""
    if sys.stderr.isatty():
        return ["--logger", "rich"]
    return ["--quiet", "rules", "host", "reason"]


@contextlib.contextmanager
def _forking(plan: Plan) -> Iterator[dict[str, str]]:
    """The environment of a run, with a forkserver where enough jobs would import torch."""
    jobs = [artifact for artifact in status.missing(plan) if artifact.step.torch]
    if len(jobs) < WORTH_FORKING:
        yield job_environment()
    else:
        commands = {artifact.step.command: artifact.step.module for artifact in jobs}
        with forkserver(job_environment(), commands) as environment:
            yield environment
