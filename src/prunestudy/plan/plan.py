"""The plan: params → every artifact of a study with its run key and path, before anything runs.

A run key is the sha256 of the step, the parameters it reads, the digest of its source code, the
versions of the numeric packages and the run keys of its inputs. The key is in the file name, so
a file that is there is the right one, and whoever schedules needs to look for files only.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeGuard

from prunestudy.errors import StudyError, near
from prunestudy.params import ClosedLoop, Method, Study, Task, plain
from prunestudy.plan.fingerprint import source_digest
from prunestudy.plan.plugins import user_digests
from prunestudy.pruning.settings import criteria_of
from prunestudy.store.artifacts import canonical_json

DENSE = "dense"
KEY_LENGTH = 12

# The module where each step's work begins; its import closure is the step's source.
STEP_MODULES = {
    "fetch": "prunestudy.data.fetch",
    "prepare": "prunestudy.data.prepare",
    "train": "prunestudy.training.dense",
    "profile": "prunestudy.networks.layer_latency",
    "prune": "prunestudy.pruning.trajectory",
    "evaluate": "prunestudy.evaluation.evaluate",
    "latency": "prunestudy.evaluation.latency",
    "collect": "prunestudy.evaluation.collect",
    "report": "prunestudy.report.build",
    "publish": "prunestudy.publish.tracking",
}
LEARNING = ("torch", "numpy", "pytorch-lightning", "safetensors")
STEP_PACKAGES = {
    "fetch": ("scikit-learn",),
    "prepare": ("numpy", "pandas", "scikit-learn", "safetensors"),
    "train": LEARNING,
    "profile": ("torch", "onnx", "onnxruntime", "torch-pruning"),
    "prune": (*LEARNING, "torch-pruning", "scikit-learn"),
    "evaluate": ("torch", "numpy", "safetensors"),
    "latency": ("torch", "numpy", "onnx", "onnxruntime", "safetensors"),
    "collect": ("pandas",),
    "report": ("pandas", "numpy", "scipy", "altair", "vl-convert-python", "pikepdf", "jinja2"),
    "publish": ("mlflow",),
}


@dataclass(frozen=True, eq=False)
class Artifact:
    """One artifact of a study: what makes it, its run key and where it lies."""

    step: str
    path: Path
    key: str
    parts: dict[str, Any]
    inputs: "dict[str, Artifact]"
    task: str = ""
    seed: int = -1
    method: str = ""

    def input_paths(self) -> list[Path]:
        """Paths of the inputs, in the order of their roles."""
        return [artifact.path for artifact in self.inputs.values()]

    @property
    def benchmark(self) -> Path:
        """Where Snakemake writes how long the job took; beside the job's log."""
        inner = Path(*self.path.parts[1:])
        return Path("logs") / inner.with_name(f"{inner.name.partition('.')[0]}.tsv")

    @property
    def cell(self) -> str:
        """What people call it, e.g. ``prune digits/seed0/adaptive``."""
        place = [self.task, f"seed{self.seed}" if self.seed >= 0 else "", self.method]
        return " ".join([self.step, "/".join(part for part in place if part)]).strip()


class Plan:
    """Every artifact of a study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.artifacts: list[Artifact] = []
        self.profiles: dict[tuple[str, str], Artifact] = {}
        self._add_all()
        self.by_path = {artifact.path: artifact for artifact in self.artifacts}
        self.by_cell = {
            (artifact.step, artifact.task, artifact.seed, artifact.method): artifact
            for artifact in self.artifacts
        }

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self.artifacts)

    def of_step(self, step: str) -> list[Artifact]:
        """The artifacts that a step makes, in the plan's order."""
        return [artifact for artifact in self.artifacts if artifact.step == step]

    def step_counts(self) -> dict[str, int]:
        """How many jobs each step has, in the order in which they can start."""
        return dict(Counter(artifact.step for artifact in self.artifacts))

    def step_edges(self) -> set[tuple[str, str]]:
        """(step, step that waits for an outcome of it), over all jobs."""
        return {
            (needed.step, artifact.step)
            for artifact in self.artifacts
            for needed in artifact.inputs.values()
        }

    def find(self, step: str, task: str = "", seed: int = -1, method: str = "") -> Artifact:
        """The one artifact of a step for a cell.

        Raises:
            StudyError: the study has no such cell.
        """
        found = self.by_cell.get((step, task, seed, method))
        if found is not None:
            return found
        wanted = "/".join(str(part) for part in (task, seed, method) if part not in ("", -1))
        raise StudyError(
            f"study '{self.study.name}' has no {step} of '{wanted}'; "
            f"tasks: {', '.join(self.study.tasks)}; methods: {', '.join(self.study.methods)}; "
            f"seeds: {', '.join(str(known) for known in self.study.seeds)}"
        )

    def named(self, name: str) -> Artifact:
        """The artifact that people call ``name``, with its step or, for a trajectory, without.

        Raises:
            StudyError: there is none; the nearest name is suggested.
        """
        every = {artifact.cell: artifact for artifact in self}
        short = {
            artifact.cell.partition(" ")[2]: artifact
            for artifact in self
            if artifact.step in ("train", "prune")
        }
        found = every.get(name) or short.get(name)
        if found is not None:
            return found
        hint = near(name, [*every, *short])
        told = f"; did you mean '{hint}'?" if hint else ""
        raise StudyError(f"study '{self.study.name}' has no cell '{name}'{told}")

    def _add(
        self,
        step: str,
        folder: str,
        name: str,
        params: Any,
        inputs: dict[str, Artifact],
        **cell: Any,
    ) -> Artifact:
        stem, dot, suffix = name.partition(".")
        parts = {
            "step": step,
            "params": params,
            "source": source_digest(STEP_MODULES[step]),
            "packages": package_versions(STEP_PACKAGES[step]),
            "inputs": {role: artifact.key for role, artifact in inputs.items()},
        }
        key = hashlib.sha256(canonical_json(parts).encode()).hexdigest()
        path = Path(folder) / f"{stem}-{key[:KEY_LENGTH]}{dot}{suffix}"
        artifact = Artifact(step, path, key, parts, inputs, **cell)
        self.artifacts.append(artifact)
        return artifact

    def _add_all(self) -> None:
        study = self.study
        models = f"models/{study.name}"
        names = sorted({task.data.name for task in study.tasks.values()})
        raw = {
            name: self._add("fetch", f"data/{study.name}/raw", name, {"name": name}, {}, task=name)
            for name in names
        }
        inputs: dict[str, Artifact] = {}
        for name, task in study.tasks.items():
            data = self._add(
                "prepare",
                f"data/{study.name}/prepared",
                f"{name}.safetensors",
                plain(task.data),
                {"raw": raw[task.data.name]},
                task=name,
            )
            for seed in study.seeds:
                cell = {"task": name, "seed": seed}
                folder = f"{models}/{name}/seed{seed}"
                networks = self._add_networks(folder, cell, data)
                place = f"{name}/seed{seed}"
                inputs |= {f"{place}/{method}": made for method, made in networks.items()}
                inputs[f"{place} evaluation"] = self._add(
                    "evaluate",
                    folder,
                    "evaluation.csv",
                    {"loss": task.loss, "metric": task.metric},
                    {"data": data, **networks},
                    **cell,
                )
                inputs[f"{place} latency"] = self._add(
                    "latency", folder, "latency.csv", plain(study.latency), networks, **cell
                )
        described = plain(study)
        tables = self._add(
            "collect",
            models,
            "tables",
            {"tasks": described["tasks"], "methods": described["methods"]},
            inputs,
        )
        report = self._add("report", models, "report.marker", described, {"tables": tables})
        self._add("publish", models, "published.marker", {}, {"tables": tables, "report": report})

    def _add_networks(
        self, folder: str, cell: dict[str, Any], data: Artifact
    ) -> dict[str, Artifact]:
        study = self.study
        task = study.tasks[cell["task"]]
        learning = {
            "seed": cell["seed"],
            "loss": task.loss,
            "metric": task.metric,
            "compute": plain(study.compute),
        }
        dense = self._add(
            "train",
            folder,
            DENSE,
            {**learning, "network": plain(task.network), "training": plain(task.training)},
            {"data": data},
            method=DENSE,
            **cell,
        )
        networks = {DENSE: dense}
        profiles = self._profiles(cell["task"], data)
        waiting = {
            name: method
            for name, method in study.methods.items()
            if method.tasks is None or cell["task"] in method.tasks
        }
        retraining = plain(task.retraining)
        while waiting:
            # Methods that look at another one come after it; the check has refused cycles.
            ready = [name for name, method in waiting.items() if method.reference not in waiting]
            for name in ready:
                networks[name] = self._add_trajectory(
                    folder,
                    cell,
                    name,
                    {**learning, "retraining": retraining},
                    {**networks, **profiles},
                    data,
                )
                del waiting[name]
        return {name: networks[name] for name in (DENSE, *study.methods) if name in networks}

    def _profiles(self, task: str, data: Artifact) -> dict[str, Artifact]:
        """Tables of layer times of a task, one a granule; made for closed loops that need them."""
        study = self.study
        found = {}
        for method in study.methods.values():
            applies = method.tasks is None or task in method.tasks
            if not applies or not _prices_latency(method, study.tasks[task]):
                continue
            granule = str(method.round_to)
            known = self.profiles.get((task, granule))
            if known is None:
                params = {
                    "granule": method.round_to,
                    "network": plain(study.tasks[task].network),
                    "latency": plain(study.latency),
                }
                folder = f"models/{study.name}/{task}"
                name = f"layer_times_{granule}.csv"
                cell = {"task": task, "method": granule}
                known = self._add("profile", folder, name, params, {"data": data}, **cell)
                self.profiles[task, granule] = known
            found[f"profile {granule}"] = known
        return found

    def _add_trajectory(
        self,
        folder: str,
        cell: dict[str, Any],
        name: str,
        learning: dict[str, Any],
        networks: dict[str, Artifact],
        data: Artifact,
    ) -> Artifact:
        study = self.study
        method = study.methods[name]
        params = {
            **learning,
            "method": {key: value for key, value in plain(method).items() if key != "tasks"},
            "points": study.points,
            **_demands(method, plain(study.tasks[cell["task"]].requirements)),
            **_user_code(method),
        }
        inputs = {"data": data, DENSE: networks[DENSE]}
        if method.reference is not None:
            inputs["reference"] = networks[method.reference]
        if _prices_latency(method, study.tasks[cell["task"]]):
            inputs["layer_times"] = networks[f"profile {method.round_to}"]
        return self._add("prune", folder, name, params, inputs, method=name, **cell)


def _user_code(method: Method) -> dict[str, Any]:
    digests = user_digests(criteria_of(method))
    return {"user_code": digests} if digests else {}


def _demands(method: Method, requirements: dict[str, Any]) -> dict[str, Any]:
    """Requirements reach only the methods that read them, so their edits rerun only those."""
    return {"requirements": requirements} if isinstance(method, ClosedLoop) else {}


def _prices_latency(method: Method, task: Task) -> TypeGuard[ClosedLoop]:
    if not isinstance(method, ClosedLoop):
        return False
    return method.controller.resource == "latency" or task.requirements.latency_ms is not None


@cache
def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Installed versions, without local build labels such as ``+cpu``."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            raise StudyError(f"package '{name}' is not installed; run 'make environment'") from None
    return versions
