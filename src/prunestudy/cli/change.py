"""Commands that write or delete beside a study's own graph."""

import sys
from argparse import Namespace
from pathlib import Path

from prunestudy.cli.options import Commands, add_command
from prunestudy.errors import StudyError
from prunestudy.params.reader import read_study
from prunestudy.plan import manifest, status, verify
from prunestudy.plan.damage import report_strays
from prunestudy.plan.plan import Plan
from prunestudy.run.locks import RUN_LOCK, only_one, without_jobs
from prunestudy.run.processes import call
from prunestudy.store.files import remove, written_whole
from prunestudy.store.guarded import kind, regular_digest
from prunestudy.store.markers import read_marker
from prunestudy.store.names import report_folder

# What an archive holds besides parameters, lock file of the data and report.
ARCHIVED = ("requirements.lock", "CITATION.cff", "LICENSE", "README.md")
# Findings that are listed where an archive is refused.
SHOWN = 5


def add(commands: Commands) -> None:
    """Add the group's commands."""
    archive = add_command(
        commands, "archive", "pack params, lock file, report and checksums", _archive
    )
    archive.add_argument("--out", type=Path, metavar="FILE", help="the zip file to write")
    sweep = add_command(commands, "gc", "delete artifacts that the study does not reach", _gc)
    sweep.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    ui = add_command(commands, "ui", "publish if needed and open MLflow's pages", _ui)
    ui.add_argument("--port", type=int, default=5000, help="port on this machine (default: 5000)")
    export = add_command(commands, "export", "export a network as ONNX, checked", _export, False)
    export.add_argument("network", type=Path, help="a .safetensors file under models/")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ONNX file")


def _archive(arguments: Namespace) -> None:
    """A zip file to cite, the same bytes for the same study, of nothing but what was checked."""
    from prunestudy.publish import archive

    with only_one(RUN_LOCK), without_jobs():
        study = read_study(arguments.params)
        plan, folder = Plan(study), report_folder(study.name)
        out = arguments.out or Path(f"{study.name}-study.zip")
        lock = Path("dvc.lock") if study.name == "default" else Path("studies/dvc.lock")
        marker = plan.find("report").path
        if kind(marker) is None:
            raise StudyError(
                f"study '{study.name}' has no report of these parameters and this code; run the "
                "study first, so that the archive holds what belongs together"
            )
        found = verify.certified(plan)
        if found:
            more = f"\nand {len(found) - SHOWN} more (prunestudy verify)" * (len(found) > SHOWN)
            lines = "\n".join(map(str, found[:SHOWN]))
            raise StudyError(f"only a study that is whole is packed\n{lines}{more}")
        named = [file for file in (lock, *map(Path, ARCHIVED)) if kind(file) is not None]
        files = [arguments.params, *named, manifest.place(plan)]
        count = archive.pack(out, files, read_marker(marker, folder))
    print(f"{out}: {count} files, sha256 {regular_digest(out)}")


def _gc(arguments: Namespace) -> None:
    with only_one(RUN_LOCK), without_jobs():
        # What is known once nobody else is at work: a run that ended meanwhile made more.
        plan = Plan(read_study(arguments.params))
        unreached = [*status.unreached(plan), *report_strays(plan)]
        for path in unreached:
            print(f"{'would delete' if arguments.dry_run else 'deleted'} {path}")
            if not arguments.dry_run:
                remove(path)
    print(f"{len(unreached)} files and folders that study '{plan.study.name}' does not reach")


def _ui(arguments: Namespace) -> int:
    """Publish what the tracker lacks, then serve MLflow on loopback."""
    from prunestudy.publish import tracking

    plan = Plan(read_study(arguments.params))
    tables = plan.find("collect").path
    if not (tables.exists() and plan.find("report").path.exists()):
        raise StudyError(f"study '{plan.study.name}' is not finished; run 'make study' first")
    try:
        print(tracking.publish(plan, tables, report_folder(plan.study.name)))
    except tracking.TrackerAway as error:
        raise StudyError(f"not published: {error}; then run 'prunestudy ui' again") from None
    print(f"MLflow: http://127.0.0.1:{arguments.port} (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-P", "-m", "mlflow", "ui", "--host", "127.0.0.1"]
    command += ["--port", str(arguments.port), "--backend-store-uri", tracking.tracking_uri()]
    return call(command)


def _export(arguments: Namespace) -> None:
    from prunestudy.networks.onnx import CHECK_ROWS, TOLERANCE, export_network
    from prunestudy.networks.storage import read_network

    network, spec = read_network(arguments.network)
    with written_whole(arguments.out) as scratch:
        difference = export_network(network, spec.sample(CHECK_ROWS), scratch)
    print(
        f"{arguments.out}: input n×{'×'.join(map(str, spec.input_shape))}, "
        f"largest output difference {difference:.1e} (tolerance {TOLERANCE:.0e})"
    )
