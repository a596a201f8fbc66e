"""The parts of the check."""

import importlib.util
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import torch

from prunestudy.gpu_check.agreement import TOLERANCES, decisions, disagreements, networks
from prunestudy.gpu_check.outcome import Outcome
from prunestudy.gpu_check.speed import Load, speed
from prunestudy.gpu_check.studies import Made, differing, run, studies
from prunestudy.params.settings import Study

TESTS = (Path("tests/gpu_check/test_device.py"), Path("tests/evaluation/test_cuda_latency.py"))
# What the tests import beside what the check itself does.
FOR_TESTS = ("pytest", "hypothesis")
LONGEST_TESTS = 200
CPU_TWICE = (
    "Only CUDA can show this: on a CPU both runs are the CPU's, and what was tried is the "
    "comparison itself."
)


class Check:
    """The parts on one device, which share what they ran.

    Args:
        folder: where studies are run.
    """

    def __init__(self, device: torch.device, load: Load, folder: Path, quick: bool) -> None:
        self.device = device
        self.load = load
        self.folder = folder
        self.quick = quick

    @cached_property
    def runs(self) -> list[tuple[Made, Made]]:
        """Each study, run twice on the device."""
        return [
            (self._run(study, "first"), self._run(study, "second"))
            for study in studies(self.device.type, self.quick)
        ]

    def _run(self, study: Study, name: str) -> Made:
        return run(study, self.folder / study.name / name)

    def tests(self) -> Outcome:
        """Tests marked gpu; on a CPU their twins."""
        missing = [name for name in FOR_TESTS if importlib.util.find_spec(name) is None]
        missing += [str(file) for file in TESTS if not file.exists()]
        if missing:
            return Outcome(left_out=f"not here: {', '.join(missing)}")
        marked = "gpu" if self.device.type == "cuda" else "not gpu"
        command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, "-m", marked, *map(str, TESTS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST_TESTS,
        )
        summary = (done.stdout.strip().splitlines() or ["pytest said nothing"])[-1]
        outcome = Outcome(says=[summary])
        if marked != "gpu":
            outcome.says.append("Only CUDA can run the tests marked gpu; these are their twins.")
        # What is marked gpu needs nothing else, but twins may need ONNX Runtime.
        skipped = marked == "gpu" and "skipped" in summary
        if done.returncode or "passed" not in summary or skipped:
            print(done.stdout, file=sys.stderr)
            outcome.wrong.append(f"not all of the tests passed: {summary}")
        return outcome

    def repeated(self) -> Outcome:
        """Two runs of each study leave the same bytes."""
        outcome = Outcome(tables={"Artifacts": []})
        for first, second in self.runs:
            name, one = first.plan.study.name, first.digests()
            differ = differing(one, second.digests())
            outcome.tables["Artifacts"].append(
                {"study": name, "artifacts": len(one), "that differ": len(differ)}
            )
            if differ:
                outcome.wrong.append(f"study {name}: other bytes in {', '.join(differ)}")
        return outcome

    def agrees(self) -> Outcome:
        """The studies on the device against the CPU, decision by decision."""
        outcome = Outcome()
        on_cpu = {study.name: study for study in studies("cpu")}
        for first, second in self.runs:
            study, other = first.plan.study, second
            if self.device.type == "cuda":
                other = self._run(on_cpu[study.name], "cpu")
            allowed = TOLERANCES[study.name]
            decided, kept = decisions(first, other), networks(first, other)
            outcome.says.append(
                f"Study {study.name}: weights may differ by {allowed.weights:g}, qualities by "
                f"{allowed.quality:g}."
            )
            outcome.tables[f"Decisions of {study.name}"] = decided
            outcome.tables[f"Largest differences of {study.name}"] = kept
            beyond = disagreements(kept, decided, allowed)
            outcome.wrong += [f"study {study.name}: {one}" for one in beyond]
        if self.device.type != "cuda":
            outcome.says.append(CPU_TWICE)
        return outcome

    def speed(self) -> Outcome:
        """Residual networks: training and pruned networks, in time."""
        outcome = speed(self.device, self.load)
        if self.device.type != "cuda":
            outcome.says.append("Only CUDA tells its peak of memory.")
        return outcome
