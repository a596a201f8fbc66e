"""What people ask a study by hand: check, status, run, sweep, and open its record."""

import json
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.params import Study, defaults
from prunestudy.params.reader import read_study
from prunestudy.plan import lineage as cell_trace
from prunestudy.plan import status as answers
from prunestudy.plan import verify as verification
from prunestudy.plan.plan import Plan
from prunestudy.publish import archive as archives
from prunestudy.run import launch as runs
from prunestudy.steps.jobs import report_folder
from prunestudy.store import artifacts
from prunestudy.store import git as revisions

# What an archive holds besides parameters, lock file of the data and report.
ARCHIVED = ("requirements.lock", "CITATION.cff", "LICENSE", "README.md")


def check(arguments: Namespace) -> None:
    """``prunestudy check``: a summary, or every problem (raised, exit code 2)."""
    study = read_study(arguments.params)
    plan = Plan(study)
    print(
        f"{arguments.params}: study '{study.name}' is valid\n"
        f"  tasks    {', '.join(study.tasks)}\n"
        f"  methods  {', '.join(study.methods)}\n"
        f"  seeds    {', '.join(str(seed) for seed in study.seeds)}\n"
        f"  points   {', '.join(artifacts.point_label(point) for point in study.points)}\n"
        f"  {len(plan.of_step('prune'))} trajectories, {len(plan.artifacts)} jobs in all, "
        f"{len(answers.missing(plan))} of them to run"
    )


def status(arguments: Namespace) -> None:
    """``prunestudy status``."""
    print(answers.describe(Plan(read_study(arguments.params))))


def verify(arguments: Namespace) -> int:
    """``prunestudy verify``: exit code 1 where something is not as it should be."""
    plan = Plan(read_study(arguments.params))
    if arguments.rerun is not None:
        return _verify_cell(plan, arguments.rerun, arguments.params)
    if arguments.against is not None:
        return _verify_against(plan, arguments.against)
    found = verification.findings(plan)
    for finding in found:
        print(finding)
    name, total = plan.study.name, len(plan.artifacts)
    if found:
        print(f"study '{name}': {len(found)} findings among {total} artifacts", file=sys.stderr)
        return 1
    print(f"study '{name}': all {total} artifacts and the report are what their jobs wrote")
    holes = answers.failures(plan)
    if holes:
        cells = ", ".join(artifact.cell for artifact, _cause in holes)
        print(f"{len(holes)} of them say that their cell failed: {cells}")
    return 0


def _verify_cell(plan: Plan, name: str, params: Path) -> int:
    artifact = verification.cell_named(plan, name)
    print(f"computing {artifact.cell} again …", file=sys.stderr)
    found = verification.rerun(artifact, params)
    platforms = verification.platform_of(artifact.path), verification.platform_here()
    print(f"{artifact.cell}: {verification.told(found, *platforms)}")
    return 0 if verification.is_as_expected(found, *platforms) else 1


def _verify_against(plan: Plan, folder: Path) -> int:
    compared = verification.against(plan, folder)
    tables = plan.find("collect").path
    platforms = verification.platform_of(tables), verification.platform_of(folder / tables)
    worst = 0
    for cell, found in compared.items():
        if not verification.is_as_expected(found, *platforms):
            worst = 1
            print(f"{cell}: {verification.told(found, *platforms)}")
    counts = Counter(found.verdict for found in compared.values())
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    print(f"{len(compared)} cells compared with {folder}: {told}; {' and '.join(platforms)}")
    return worst


def trace(arguments: Namespace) -> None:
    """``prunestudy trace``: what a cell was made from, and its run in MLflow."""
    from prunestudy.publish import tracking

    plan = Plan(read_study(arguments.params))
    artifact = plan.named(arguments.cell)
    record = tracking.place_of(artifact, plan.study.name)
    print(cell_trace.describe(artifact, arguments.params, record))


def compare(arguments: Namespace) -> None:
    """``prunestudy compare``: what changed between two versions, as text and as a page."""
    from prunestudy.analysis.versions import read_version
    from prunestudy.report import markdown, page, versions

    study = read_study(arguments.params)
    folder = report_folder(study.name)
    one, two = (
        read_version(
            name,
            revisions.reader(name),
            arguments.params,
            folder,
            revisions.code_files(name),
        )
        for name in (arguments.first, arguments.second)
    )
    told = versions.comparison(one, two, study.report.confidence)
    print(markdown.sections_text(told))
    if arguments.page is not None:
        title = f"Study {study.name}: {arguments.first} against {arguments.second}"
        artifacts.write_text(arguments.page, page.comparison_page(title, told))
        print(f"page: {arguments.page}")


def archive(arguments: Namespace) -> int:
    """``prunestudy archive``: a zip file to cite, the same bytes for the same study."""
    study = read_study(arguments.params)
    folder = report_folder(study.name)
    page = folder / "index.html"
    if not page.exists():
        raise StudyError(f"study '{study.name}' has no report yet; run the study first")
    if Plan(study).of_step("report")[0].key not in page.read_text(encoding="utf-8"):
        raise StudyError(
            f"{page} is of other parameters or code than those here; run the study first, so that "
            "the archive holds what belongs together"
        )
    out = arguments.out or Path(f"{study.name}-study.zip")
    lock = Path("dvc.lock") if study.name == "default" else Path("studies/dvc.lock")
    count = archives.pack(out, [arguments.params, lock, *ARCHIVED], folder)
    print(f"{out}: {count} files, sha256 {artifacts.file_digest(out)}")
    return 0


def gc(arguments: Namespace) -> None:
    """``prunestudy gc``."""
    plan = Plan(read_study(arguments.params))
    with runs.only_one(runs.RUN_LOCK):
        unreached = answers.unreached(plan)
        for path in unreached:
            print(f"{'would delete' if arguments.dry_run else 'deleted'} {path}")
            if not arguments.dry_run:
                artifacts.remove(path)
    print(f"{len(unreached)} files and folders that study '{plan.study.name}' does not reach")


def schema(_arguments: Namespace) -> None:
    """``prunestudy schema``."""
    print(schema_text(), end="")


def schema_text() -> str:
    """The JSON schema of a parameters file, for editors."""
    return json.dumps(Study.model_json_schema(), indent=1, sort_keys=True) + "\n"


def default_params(_arguments: Namespace) -> None:
    """``prunestudy defaults``."""
    print(defaults.documented(defaults.default_study()), end="")


def ui(arguments: Namespace) -> int:
    """``prunestudy ui``: publish what the tracker lacks, then serve MLflow on loopback."""
    from prunestudy.publish import tracking

    plan = Plan(read_study(arguments.params))
    tables = plan.of_step("collect")[0].path
    if not tables.exists():
        raise StudyError(f"study '{plan.study.name}' is not finished; run 'make study' first")
    print(tracking.publish(plan, tables, report_folder(plan.study.name)))
    print(f"MLflow: http://127.0.0.1:{arguments.port} (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1"]
    command += ["--port", str(arguments.port), "--backend-store-uri", tracking.tracking_uri()]
    return runs.call(command)
