"""Tests that fail when they should: plausible slips in a copy of the library turn a test red."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from prunestudy.plan.fingerprint import library_root
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Slip:
    """A line of the library with a slip in it, and the test that must notice."""

    file: str
    old: str
    new: str
    test: str

    @property
    def room(self) -> str:
        return self.file.partition("/")[0]


SLIPS = [
    # Defaults of a group win over what the file says.
    Slip(
        "params/settings.py",
        'return {**given, "retraining": {**given["training"], **own}}',
        'return {**given, "retraining": {**own, **given["training"]}}',
        "tests/params/test_study.py",
    ),
    # One content has several texts.
    Slip(
        "store/files.py",
        'return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)',
        'return json.dumps(content, sort_keys=False, separators=(",", ":"), allow_nan=False)',
        "tests/store/test_artifacts.py",
    ),
    # Validation and test rows leak into the scale of the inputs.
    Slip(
        "data/prepared_file.py",
        'mean, deviation = scaling(inputs, rows["train"])',
        "mean, deviation = scaling(inputs)",
        "tests/data/test_prepare.py",
    ),
    # A row is a test row twice.
    Slip(
        "data/folds.py",
        "divided = kind(n_splits=folds, n_repeats=repeat + 1, random_state=split.seed)",
        "divided = kind(n_splits=folds, n_repeats=repeat + 1, random_state=split.seed + fold)",
        "tests/data/test_folds.py",
    ),
    # Units that went before are forgotten.
    Slip(
        "networks/spec.py",
        "left = [unit for unit in range(width + len(gone)) if unit not in gone]",
        "left = [unit for unit in range(width + len(gone))]",
        "tests/networks/test_spec.py",
    ),
    # Each retraining begins its learning-rate schedule anew.
    Slip(
        "training/loop.py",
        "optimizer, lambda step: lr_factor(settings.lr_schedule, (done + step) / steps)",
        "optimizer, lambda step: lr_factor(settings.lr_schedule, step / steps)",
        "tests/training/test_loop.py",
    ),
    # The wrong tail of the bootstrap.
    Slip(
        "training/objective.py",
        "quantile = found.quantile(1 - level).item() if len(found) else math.nan",
        "quantile = found.quantile(level).item() if len(found) else math.nan",
        "tests/training/test_objective.py::test_a_higher_level_gives_a_lower_bound",
    ),
    # A batch's derivative for a sample's.
    Slip(
        "pruning/saliency_inputs.py",
        "own = gradient * len(inputs)",
        "own = gradient",
        "tests/pruning/criteria/test_criteria.py",
    ),
    # The last unit above a floor never goes.
    Slip(
        "pruning/allocation/global.py",
        "if -minus_left >= budget.floors[name]:",
        "if -minus_left > budget.floors[name]:",
        "tests/pruning/allocation/test_units.py",
    ),
    # The worst of the removed units come back.
    Slip(
        "pruning/allocation/unit_budget.py",
        "return max(names, key=lambda name: worth(name, widths[name]))",
        "return min(names, key=lambda name: worth(name, widths[name]))",
        "tests/pruning/allocation/test_units.py",
    ),
    # The limit that is exceeded least binds.
    Slip(
        "pruning/controller/constraints.py",
        "resource, target = max(limits, key=lambda item: item[0].cost(widths) / item[1])",
        "resource, target = min(limits, key=lambda item: item[0].cost(widths) / item[1])",
        "tests/pruning/controller/test_constraints.py",
    ),
    # One roll-back too many.
    Slip(
        "pruning/controller/shrink_phase.py",
        "if rejected >= controller.patience:",
        "if rejected > controller.patience:",
        "tests/pruning/controller/test_closed_loop.py::"
        "test_a_task_that_allows_no_drop_keeps_the_dense_network",
    ),
    # Validation rows for test rows.
    Slip(
        "evaluation/evaluate.py",
        "outputs = objective.outputs(network, reference.test)",
        "outputs = objective.outputs(network, prepared.validation)",
        "tests/evaluation/test_evaluate.py",
    ),
    # The ratio upside down.
    Slip(
        "evaluation/latency.py",
        'row[f"latency_ratio_b{size}"] = np.median(reference / own)',
        'row[f"latency_ratio_b{size}"] = np.median(own / reference)',
        "tests/evaluation/test_latency.py",
    ),
    # A part of the run key is dropped.
    Slip(
        "plan/slices.py",
        '"compressions": study.compressions_of(str(cell.task)),',
        "",
        "tests/plan/test_plan.py",
    ),
    # Degrees of freedom.
    Slip(
        "analysis/statistics.py",
        "return float(stats.t.ppf(0.5 + level / 2, n - 1)) if n > 1 else NAN",
        "return float(stats.t.ppf(0.5 + level / 2, n)) if n > 1 else NAN",
        "tests/analysis/test_statistics.py",
    ),
    # An interrupt that came too late to matter counts as one that ended the run.
    Slip(
        "run/processes.py",
        "return ENDED_BY_INTERRUPT if code and interrupts else code",
        "return ENDED_BY_INTERRUPT if interrupts else code",
        "tests/run/test_processes.py",
    ),
    # Problems of a parameters file end with another exit code.
    Slip(
        "cli/outcome.py",
        "return 2",
        "return 1",
        "tests/cli/test_cli.py",
    ),
]


def exit_code(test: str, library: Path) -> tuple[int, str]:
    """How pytest ends on a test with the library in a folder, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(library)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout


@cache
def unmutated(test: str) -> tuple[int, str]:
    """The same with the library as it is; once a test."""
    return exit_code(test, library_root())


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.file}: {slip.new or 'dropped'}")
def test_a_slip_turns_its_test_red(slip: Slip, tmp_path: Path) -> None:
    library = tmp_path / "prunestudy"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(library_root() / "prunestudy", library, ignore=ignored)
    path = library / slip.file
    lines = path.read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines) if line.strip() == slip.old]
    assert len(places) == 1, f"{slip.file} has the line {slip.old!r} {len(places)} times, not once"
    lines[places[0]] = lines[places[0]].replace(slip.old, slip.new)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert unmutated(slip.test)[0] == 0, unmutated(slip.test)[1]
    code, said = exit_code(slip.test, tmp_path)
    # 1: tests failed. Anything above: they were not run at all.
    assert code == 1, said


def test_the_slips_are_spread_over_the_library() -> None:
    assert len({slip.room for slip in SLIPS}) >= 10
