"""``prunestudy study``: what ``make study`` calls; the graph within DVC."""

import sys
from argparse import Namespace
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.params.yaml_files import read_yaml
from prunestudy.plan import manifest, status
from prunestudy.plan.plan import Plan
from prunestudy.run.graph import check_writable, heal_study, read_here
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
    check_writable(Plan(checked))
    with only_one(STUDY_LOCK) as lock:
        plan = Plan(read_here(params))
        with only_one(RUN_LOCK):
            # DVC looks at what is there before it starts the run.
            wait_for_jobs()
            heal_study(plan)
        status.drop_unpublished(plan)
        compute = plan.study.compute
        status.drop_outgrown(plan, job_gb(compute.memory_gb, compute.accelerator, "all"))
        # DVC does not know of the user's own code and of package versions; the run keys do.
        force = ["--force"] if status.missing(plan) else []
        code = call([sys.executable, "-m", "dvc", "repro", *force, *target], lock=lock)
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
            "prunestudy study: the study is not finished. The log of the failed job is above; "
            "what was finished is kept, and the next run goes on from there.",
            file=sys.stderr,
        )
        return 1
    folder = report_folder(checked.name)
    print("\n" + read_finding(folder))
    verdict = manifest.reproduced(plan) if force else None
    if verdict:
        print(f"\n{verdict}")
    print(f"\nReport: {folder / 'index.html'}")
    return 0


def _known_to_dvc() -> list[str]:
    """The params files of the studies that studies/dvc.yaml lists."""
    names = read_yaml(Path("studies/dvc.yaml"))["stages"]["study"]["foreach"]
    return [f"studies/{name}.yaml" for name in names]
