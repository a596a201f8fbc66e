"""The steps of a study in process: fetch, prepare, train, prune, evaluate, without the graph."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunestudy.errors import StudyError
from prunestudy.gpu_check.outcome import tell
from prunestudy.params.reader import check_study
from prunestudy.params.settings import Study
from prunestudy.params.yaml_files import read_yaml
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.steps.job import make
from prunestudy.store.contents import contents
from prunestudy.store.trajectories import failure_of

SMOKE = Path("studies/smoke.yaml")
# What is evaluated needs every other step that computes.
LAST_STEP = "evaluate"
ACCELERATOR = {"cuda": "gpu", "cpu": "cpu"}
CNN: dict[str, Any] = {
    "name": "digits-cnn",
    "seeds": [0],
    "compressions": [2, 4],
    "tasks": {
        "digits": {
            "data": {"name": "digits"},
            "network": {"name": "cnn", "channels": [16, 32]},
            "loss": "cross_entropy",
            "metric": "accuracy",
            "training": {"epochs": 6, "lr": 0.005, "batch_size": 128},
            "retraining": {"epochs": 4},
            "requirements": {"max_drop": 0.02},
        }
    },
    "methods": {
        "traditional": {"criterion": "magnitude"},
        "slimming": {
            "criterion": "bn_scale",
            "allocation": "global",
            "schedule": "linear",
            "stages": 2,
            "regulariser": {"kind": "bn_l1", "strength": 0.001},
        },
        "weights": {
            "criterion": "taylor",
            "granularity": "unstructured",
            "weight_sharing": {"clusters": 16, "epochs": 1},
        },
        "taught": {"criterion": "obd", "allocation": "layer_sensitivity", "retraining": "distill"},
        "adaptive": {"schedule": "closed_loop", "controller": {"trial_batches": 2}},
        "scratch": {"baseline": "scratch_e", "shapes_of": "adaptive"},
    },
    "report": {"compare": {"method": "adaptive", "against": "traditional"}},
}


def studies(device: str, quick: bool = False) -> list[Study]:
    """The studies of the check, on a device; a quick check has the smallest alone."""
    given = [read_yaml(SMOKE), *([] if quick else [CNN])]
    return [
        check_study({**one, "compute": {"accelerator": ACCELERATOR[device], "fsync": False}})
        for one in given
    ]


@dataclass(frozen=True)
class Made:
    """A study that was run in a folder."""

    plan: Plan
    folder: Path

    def path(self, artifact: Artifact) -> Path:
        """Where one of its artifacts lies."""
        return self.folder / artifact.path

    def of_step(self, step: str) -> dict[str, Path]:
        """Artifacts of a step by the names of their cells, which no device changes."""
        return {str(one.cell): self.path(one) for one in self.plan.of_step(step)}

    def follows(self) -> dict[str, list[str]]:
        """The trajectories of other methods that each follows, by the names of their cells."""
        return {
            str(one.cell): [
                str(needed.cell) for needed in one.needed() if needed.step.name == "prune"
            ]
            for one in self.plan.of_step("prune")
        }

    def digests(self) -> dict[str, str]:
        """The digest of every artifact, by its name."""
        return {one.name: contents(self.path(one)).digest for one in self.plan}


def run(study: Study, folder: Path) -> Made:
    """Run the steps of a study in an empty folder.

    Raises:
        StudyError: a cell has failed.
    """
    folder.mkdir(parents=True)
    plan = Plan(study, (LAST_STEP,))
    tell(f"  study {study.name}: {len(plan.artifacts)} jobs on {study.compute.accelerator}")
    with contextlib.chdir(folder):
        for artifact in plan:
            make(plan, artifact, artifact.given(), artifact.path)
            cause = failure_of(artifact.path) if artifact.step.networks else None
            if cause is not None:
                raise StudyError(f"{artifact.name} has failed: {cause}")
    return Made(plan, folder.resolve())


def differing(first: dict[str, str], second: dict[str, str]) -> list[str]:
    """Artifacts whose digests differ between two runs, or that one of them lacks."""
    names: Iterable[str] = dict.fromkeys([*first, *second])
    return [name for name in names if first.get(name) != second.get(name)]
