"""Identity does not fight extension: what a change of the library re-keys, and what it does not.

Each case edits a copy of the library, as somebody who extends it would, and plans the smoke study
with the copy.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.plan.fingerprint import INFRASTRUCTURE
from tests.conftest import ROOT, STUDIES

PLANNED = """
import json, sys
from pathlib import Path
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
plan = Plan(read_study(Path(sys.argv[1])))
print(json.dumps({artifact.name: artifact.key for artifact in plan}))
"""
Keys = dict[str, str]

END = {"collect", "report", "publish"}
CELLS = ("diabetes/seed0", "wdbc/seed0")
MEASURED = {f"{step} {cell}" for step in ("evaluate", "latency") for cell in CELLS}
ADAPTIVE = {f"prune {cell}/adaptive" for cell in CELLS}
TRADITIONAL = {f"prune {cell}/traditional" for cell in CELLS}
DENSE = {f"train {cell}/dense" for cell in CELLS}


class Library:
    """A copy of the library that can be edited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "prunestudy"
        shutil.copytree(
            ROOT / "src" / "prunestudy", self.folder, ignore=shutil.ignore_patterns("__pycache__")
        )

    def write(self, file: str, text: str) -> None:
        """Add a file."""
        assert not (self.folder / file).exists(), file
        (self.folder / file).write_text(text, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place in a file that holds a text."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, file: str, code: str) -> None:
        """Append code to a file."""
        path = self.folder / file
        path.write_text(path.read_text(encoding="utf-8") + code, encoding="utf-8")

    def keys(self, params: Path = STUDIES / "smoke.yaml") -> Keys:
        """Run keys by artifact, planned in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", PLANNED, str(params)],
            env={**os.environ, "PYTHONPATH": str(self.folder.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys of the smoke study with the library as it is."""
    return Library(tmp_path_factory.mktemp("before")).keys()


def moved(before: Keys, after: Keys) -> set[str]:
    """Artifacts of the study as it was whose key is another one, or that are gone."""
    return {name for name, key in before.items() if after.get(name) != key}


# What is added re-keys nothing.


def add_criterion(library: Library) -> None:
    library.write(
        "pruning/criteria/dummy.py",
        "def units(group, inputs):\n    return group.weights(inputs.tensors).abs().amax(1)\n",
    )
    library.add("pruning/criteria/settings.py", '\nCRITERIA["dummy"] = CriterionInfo(("units",))\n')


def add_architecture(library: Library) -> None:
    library.write(
        "networks/architectures/dummy.py",
        "from torch import nn\n\n\ndef build(input_shape, outputs):\n"
        "    return nn.Linear(input_shape[0], outputs)\n",
    )
    library.edit(
        "networks/architectures/settings.py",
        "Network = Annotated[\n    Mlp |",
        'class Dummy(Architecture):\n    name: Literal["dummy"] = "dummy"\n\n\n'
        "Network = Annotated[Dummy | Mlp |",
    )


def add_data_set(library: Library) -> None:
    text = (library.folder / "data/sets/wdbc.py").read_text(encoding="utf-8")
    library.write("data/sets/dummy.py", text)


def add_metric(library: Library) -> None:
    library.write("training/metrics/dummy.py", "def metric(outputs, targets):\n    return 0.0\n")
    library.add(
        "training/metrics/settings.py", '\nMETRICS["dummy"] = MetricInfo("value", "dummy")\n'
    )


def add_loss(library: Library) -> None:
    library.write("training/losses/dummy.py", "from torch.nn.functional import l1_loss as loss\n")
    library.add("training/losses/settings.py", '\nLOSSES["dummy"] = "value"\n')


def add_step(library: Library) -> None:
    library.write("evaluation/dummy.py", "def look(out):\n    out.write_text('')\n")
    library.add(
        "plan/steps.py",
        """
STEPS["dummy"] = Step(
    name="dummy",
    summary="look at a task's networks",
    module="prunestudy.evaluation.dummy",
    job="prunestudy.steps.evaluation:dummy",
    path="models/{study}/{task}/dummy-{key}.csv",
    over=("task",),
    cells=needs.tasks,
    params=slices.nothing,
    packages=(),
    roles=(DATA,),
    needs=needs.data,
)
""",
    )


def add_optional_settings(library: Library) -> None:
    new = "    dummy: int | None = Field(None)\n"
    for file, line in {
        "training/settings.py": "    weight_decay: NotNegative = ",
        "data/settings.py": "    train_rows: Count | None = ",
        "networks/settings.py": "    warmup: Few = ",
        "pruning/controller/settings.py": "    patience: Few = ",
        "params/settings.py": "    seeds: ",
    }.items():
        library.edit(file, line, new + line)
    library.edit(
        "pruning/settings.py",
        "    criterion: CriterionName =",
        f"{new}    criterion: CriterionName =",
    )


ADDITIONS = (
    add_criterion,
    add_architecture,
    add_data_set,
    add_metric,
    add_loss,
    add_step,
    add_optional_settings,
)


def one_by_one(each: Iterable[Any]) -> pytest.MarkDecorator:
    """All at once in a second; where that fails, the slow tests tell which one it is."""
    alone = [
        pytest.param((one,), id=getattr(one, "__name__", str(one)), marks=pytest.mark.slow)
        for one in each
    ]
    return pytest.mark.parametrize("these", [pytest.param(tuple(each), id="all"), *alone])


@one_by_one(ADDITIONS)
def test_what_is_added_re_keys_nothing(
    library: Library, before: Keys, these: tuple[Callable[[Library], None], ...]
):
    for extend in these:
        extend(library)
    after = library.keys()
    assert moved(before, after) == set()
    added = {"dummy diabetes", "dummy wdbc"} if add_step in these else set()
    assert set(after) - set(before) == added


@one_by_one(INFRASTRUCTURE)
def test_infrastructure_re_keys_nothing(library: Library, before: Keys, these: tuple[str, ...]):
    for room in these:
        place = library.folder.joinpath(*room.split(".")[1:])
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        assert files
        for file in files:
            library.add(file.relative_to(library.folder).as_posix(), "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == set()


# What is edited re-keys what uses it.


def test_an_edit_of_a_criterion_re_keys_the_trajectories_that_name_it(
    library: Library, before: Keys
):
    library.add("pruning/criteria/sensitivity.py", "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == ADAPTIVE | MEASURED | END


def test_an_edit_of_a_criterion_that_nobody_names_re_keys_nothing(library: Library, before: Keys):
    library.add("pruning/criteria/obd.py", "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == set()


def test_an_edit_of_the_controller_re_keys_closed_loops_alone(library: Library, before: Keys):
    library.add("pruning/controller/closed_loop.py", "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == ADAPTIVE | MEASURED | END


def test_an_edit_of_a_schedule_re_keys_the_methods_that_follow_it(library: Library, before: Keys):
    library.add("pruning/schedules/one_shot.py", "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == TRADITIONAL | MEASURED | END


def test_an_edit_of_the_training_loop_re_keys_networks_but_no_data(library: Library, before: Keys):
    library.add("training/loop.py", "\nSWITCH = 1\n")
    assert moved(before, library.keys()) == DENSE | ADAPTIVE | TRADITIONAL | MEASURED | END


def test_an_edit_of_a_metric_re_keys_the_tasks_that_use_it_and_the_report(
    library: Library, before: Keys
):
    library.add("training/metrics/r2.py", "\nSWITCH = 1\n")
    found = moved(before, library.keys())
    assert "report" in found
    assert {name for name in found if "wdbc" in name} == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("analysis/budget.py", None, None),
        ("params/documented.py", None, None),
        ("training/settings.py", "passes over the training rows", "passes over all rows"),
        ("training/metrics/settings.py", '"R²"', '"r squared"'),
    ],
    ids=["analysis", "how params are printed", "a comment that it prints", "a metric's label"],
)
def test_what_the_report_shows_re_keys_the_report(
    library: Library, before: Keys, file: str, old: str | None, new: str | None
):
    if old is None or new is None:
        library.add(file, "\nSWITCH = 1\n")
    else:
        library.edit(file, old, new)
    assert moved(before, library.keys()) == {"report", "publish"}


def test_a_changed_default_re_keys_its_users(library: Library, before: Keys):
    library.edit(
        "pruning/controller/settings.py",
        "    patience: Few = Field(5",
        "    patience: Few = Field(6",
    )
    assert moved(before, library.keys()) == ADAPTIVE | MEASURED | END


def test_settings_that_engines_read_are_types(library: Library):
    """Values of settings are in the keys; constants and functions beside them would not be."""
    import ast

    for file in sorted(library.folder.rglob("*.py")):
        room = file.relative_to(library.folder).parts[0]
        if room not in ("data", "networks", "training", "pruning", "evaluation"):
            continue
        if file.name == "settings.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).endswith(".settings"):
                for alias in node.names:
                    assert alias.name[0].isupper(), (file, alias.name)
                    assert not alias.name.isupper(), (file, alias.name)
