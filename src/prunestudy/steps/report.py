"""Jobs that tell: the report, and the record of runs."""

from pathlib import Path

from prunestudy.plan.status import NOT_PUBLISHED
from prunestudy.steps.job import Job
from prunestudy.store.files import canonical_json, file_digest
from prunestudy.store.names import report_folder


def report(job: Job, scratch: Path) -> None:
    """``prunestudy report``; writes the report's folder and a marker that carries the key."""
    from prunestudy.report import build as step

    for old in job.out.parent.glob("report-*.marker*"):
        # A marker speaks for files with fixed names, so there is never a second one.
        old.unlink()
    folder = report_folder(job.study.name)
    written = step.build_report(job.plan, job.given["tables"], folder, job.artifact.key)
    digests = {path.as_posix(): file_digest(path) for path in sorted(written)}
    scratch.write_text(canonical_json(digests) + "\n", encoding="utf-8")
    print(f"report: {folder / 'index.html'}")


def publish(job: Job, scratch: Path) -> None:
    """``prunestudy publish``."""
    from prunestudy.publish import tracking as step

    try:
        summary = step.publish(job.plan, job.given["tables"], report_folder(job.study.name))
    except step.TrackerAway as error:
        # The record is for browsing: without it the study is still whole.
        summary = f"{NOT_PUBLISHED}: {error}"
    scratch.write_text(summary + "\n", encoding="utf-8")
    print(summary)
