"""Commands that look at a study and change nothing."""

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

from prunestudy.cli import data
from prunestudy.cli.options import Commands, add_command
from prunestudy.params.data_checks import data_warnings
from prunestudy.params.documented import documented
from prunestudy.params.reader import read_study
from prunestudy.params.reference import reference, schema_text
from prunestudy.params.settings import Study
from prunestudy.plan import lineage, pins, status, verify
from prunestudy.plan.estimate import estimate
from prunestudy.plan.fit import unfit
from prunestudy.plan.plan import Plan
from prunestudy.store import git
from prunestudy.store.files import write_text
from prunestudy.store.names import point_label, report_folder


def add(commands: Commands) -> None:
    """Add the group's commands."""
    add_command(commands, "check", "check a parameters file; list every problem", _check)
    add_command(commands, "status", "say what would run, and why", _status)
    whole = add_command(commands, "verify", "check every artifact against its digests", _verify)
    whole.add_argument(
        "--rerun",
        metavar="CELL",
        help="compute one cell again and compare, e.g. wdbc/seed0/adaptive",
    )
    whole.add_argument(
        "--against", type=Path, metavar="FOLDER", help="compare with the same study elsewhere"
    )
    trace = add_command(
        commands,
        "trace",
        "say where a cell's numbers come from: files, digests, params, commit, MLflow run",
        _trace,
    )
    trace.add_argument("cell", metavar="CELL", help="e.g. wdbc/seed0/adaptive")
    compare = add_command(
        commands, "compare", "say what changed between two revisions of a study", _compare
    )
    compare.add_argument("first", metavar="REV_A", help="git revision or DVC experiment")
    compare.add_argument(
        "second",
        metavar="REV_B",
        nargs="?",
        default="workspace",
        help="another (default: the working tree)",
    )
    compare.add_argument("--page", type=Path, metavar="FILE", help="write it as a page, too")
    data.add(commands)
    schema = add_command(
        commands, "schema", "print the JSON schema of a parameters file", _schema, False
    )
    schema.add_argument("--markdown", action="store_true", help="print docs/params.md instead")
    add_command(
        commands, "defaults", "print a study with all defaults written out and explained", _defaults
    )


def _check(arguments: Namespace) -> None:
    """A summary, or every problem (raised, exit code 2)."""
    study = read_study(arguments.params, unfit)
    plan = Plan(study)
    lines, warnings = estimate(study)
    warnings += data_warnings(study)
    print(
        f"{arguments.params}: study '{study.name}' is valid\n"
        f"  tasks         {', '.join(study.tasks)}\n"
        f"  methods       {', '.join(study.methods)}\n"
        f"  seeds         {', '.join(str(seed) for seed in study.seeds)}\n"
        f"  compressions  {_compressions(study)}\n"
        f"  {len(plan.of_step('prune'))} trajectories, {len(plan.artifacts)} jobs in all, "
        f"{len(status.missing(plan))} of them to run"
    )
    print("\n".join(lines))
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _compressions(study: Study) -> str:
    """The study's operating points, and those that tasks have of their own."""
    own = {name: task.compressions for name, task in study.tasks.items() if task.compressions}
    shared = study.compressions if len(own) < len(study.tasks) else []
    told = [", ".join(map(point_label, shared))] if shared else []
    told += [f"{name} {', '.join(map(point_label, points))}" for name, points in own.items()]
    return "; ".join(told)


def _status(arguments: Namespace) -> None:
    print(status.describe(Plan(read_study(arguments.params))))


def _verify(arguments: Namespace) -> int:
    """Exit code 1 where something is not as it should be."""
    plan = Plan(read_study(arguments.params))
    if arguments.rerun is not None:
        return _verify_cell(plan, arguments.rerun, arguments.params)
    if arguments.against is not None:
        return _verify_against(plan, arguments.against)
    found = verify.findings(plan)
    for finding in found:
        print(finding, flush=True)
    name, total = plan.study.name, len(plan.artifacts)
    if found:
        told = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        print(f"study '{name}': {told} among {total} artifacts", file=sys.stderr)
        return 1
    print(f"study '{name}': all {total} artifacts and the report are what their jobs wrote")
    print(pins.standing(plan))
    failed = status.failures(plan)
    if failed:
        cells = ", ".join(artifact.name for artifact, _cause in failed)
        print(f"{len(failed)} of them say that their cell failed: {cells}")
    return 0


def _verify_cell(plan: Plan, name: str, params: Path) -> int:
    artifact = verify.cell_named(plan, name)
    print(f"computing {artifact.name} again …", file=sys.stderr)
    compared = verify.rerun(artifact, params)
    print(f"{artifact.name}: {compared}")
    return 0 if compared.is_as_expected else 1


def _verify_against(plan: Plan, folder: Path) -> int:
    compared = verify.against(plan, folder)
    wrong = {cell: one for cell, one in compared.items() if not one.is_as_expected}
    for cell, one in wrong.items():
        print(f"{cell}: {one}")
    counts = Counter(one.found.verdict for one in compared.values())
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    # Of what everything was made into.
    platforms = compared[plan.find("collect").name].platforms
    print(f"{len(compared)} cells compared with {folder}: {told}; {platforms}")
    return int(bool(wrong))


def _trace(arguments: Namespace) -> None:
    """What a cell was made from, and its run in MLflow."""
    from prunestudy.publish import tracking

    plan = Plan(read_study(arguments.params))
    artifact = plan.named(arguments.cell)
    record = tracking.place_of(artifact, plan.study.name)
    print(lineage.describe(artifact, arguments.params, record))


def _compare(arguments: Namespace) -> None:
    """What changed between two versions, as text and as a page."""
    from prunestudy.analysis.versions import read_version
    from prunestudy.report import markdown, page, versions

    study = read_study(arguments.params)
    folder = report_folder(study.name)
    one, two = (
        read_version(name, git.reader(name), arguments.params, folder, git.code_files(name))
        for name in (arguments.first, arguments.second)
    )
    told = versions.comparison(one, two, study.report.confidence, study.report.margins)
    print(markdown.sections_text(told))
    if arguments.page is not None:
        title = f"Study {study.name}: {arguments.first} against {arguments.second}"
        write_text(arguments.page, page.comparison_page(title, told))
        print(f"page: {arguments.page}")


def _schema(arguments: Namespace) -> None:
    print(reference() if arguments.markdown else schema_text(), end="")


def _defaults(arguments: Namespace) -> None:
    print(documented(read_study(arguments.params), unset=True), end="")
