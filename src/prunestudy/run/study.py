"""``prunestudy study``: what ``make study`` calls; the graph within DVC."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.params.yaml_files import read_yaml
from prunestudy.plan import pins, status
from prunestudy.plan.plan import Plan
from prunestudy.run import tool
from prunestudy.run.delegate import MEMORY
from prunestudy.run.dvc_lock import drop_stale_lock
from prunestudy.run.graph import check_writable, heal_study, read_here, run
from prunestudy.run.locks import RUN_LOCK, STUDY_LOCK, only_one, wait_for_jobs
from prunestudy.run.processes import ENDED_BY_INTERRUPT, call
from prunestudy.store.markers import read_finding
from prunestudy.store.memory import job_gb
from prunestudy.store.names import report_folder


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
    unrecorded = _unrecorded()
    if not unrecorded:
        _check_place(params)
    check_writable(Plan(checked))
    with only_one(STUDY_LOCK) as lock:
        with only_one(RUN_LOCK):
            # DVC looks at what is there before it starts the run.
            wait_for_jobs()
            plan = Plan(read_here(params))
            heal_study(plan)
            status.drop_unpublished(plan)
            compute = plan.study.compute
            status.drop_outgrown(plan, job_gb(compute.memory_gb, compute.accelerator, "all"))
        # DVC does not know of the user's own code and of package versions; the run keys do.
        force = ["--force"] if status.missing(plan) else []
        if unrecorded:
            print(
                f"prunestudy study: {unrecorded}, so DVC keeps no record of this run; the study "
                "itself is the same",
                file=sys.stderr,
            )
            code = run(Namespace(params=params, cores="all", snakemake=[]))
        else:
            drop_stale_lock()
            command = tool.command(tool.DVC, "repro", *force, *target)
            code = call(command, lock=lock, starts_deaf=True)
    if code == ENDED_BY_INTERRUPT:
        print("prunestudy study: interrupted", file=sys.stderr)
        return code
    if code != 0 and status.failures(plan) and not status.missing(plan):
        print(
            "prunestudy study: every other cell is finished and the report is written: "
            f"{report_folder(checked.name) / 'index.html'}. DVC does not record a study with "
            "failed cells; change the parameters that made them and run it again.",
            file=sys.stderr,
        )
        return 1
    if code != 0:
        print(
            "prunestudy study: the study is not finished. The log of a job that failed is above; "
            f"where there is none, the run itself was ended (-9: killed, {MEMORY}). What was "
            "finished is kept, and the next run goes on from there.",
            file=sys.stderr,
        )
        return 1
    folder = report_folder(checked.name)
    print("\n" + read_finding(folder))
    verdict = pins.reproduced(plan) if force else None
    if verdict:
        print(f"\n{verdict}")
    print(f"\nReport: {folder / 'index.html'}")
    return 0


def _unrecorded() -> str | None:
    """Why DVC cannot record a study here, if it cannot; it works without the program git."""
    if not Path(".git").exists():
        return "there is no git repository here (git init makes one)"
    if not Path(".dvc").is_dir():
        return "there is no folder .dvc here (dvc init makes one)"
    return None


def _check_place(params: Path) -> None:
    """Refuse at once a place at which DVC would stumble once all jobs are done.

    Raises:
        StudyError: the path of the project's folder is one of those.
    """
    path = os.fsencode(Path.cwd())
    reason = "has a brace" if set(path) & set(b"{}") else ""
    try:
        path.decode()
    except UnicodeDecodeError:
        reason = "is not UTF-8"
    if reason:
        raise StudyError(
            f"{path.decode(errors='replace')}: the path of this folder {reason}, and there DVC "
            "cannot record a study; rename or move the folder, or run the study without its "
            f"record: prunestudy run --params {params}"
        )


def _known_to_dvc() -> list[str]:
    """The params files of the studies that studies/dvc.yaml lists."""
    names = read_yaml(Path("studies/dvc.yaml"))["stages"]["study"]["foreach"]
    return [f"studies/{name}.yaml" for name in names]
