"""Parts of a trajectory: loaded by name, and known without torch before they are."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from prunestudy.plan.fingerprint import import_closure, library_root
from prunestudy.plan.parts import method_parts
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.baselines.settings import BASELINES
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.regularisers.settings import REGULARISERS
from prunestudy.pruning.retraining.settings import RETRAINING
from prunestudy.pruning.schedules.settings import SCHEDULES
from prunestudy.settings.parts import load_part
from tests.methods import method_of

ROOM = "prunestudy.pruning"
# What may lie in a folder of parts beside them: engines, and what several parts share.
SHARED = {
    "criteria": {"scoring"},
    "allocation": {"unit_budget", "weight_budget", "same_ratios"},
    "schedules": {"epochs"},
    "regularisers": {"proximal"},
    "retraining": set(),
    "baselines": {"from_scratch"},
}
TABLES: dict[str, Any] = {
    "criteria": CRITERIA,
    "allocation": ALLOCATIONS,
    "schedules": SCHEDULES,
    "regularisers": REGULARISERS,
    "retraining": RETRAINING,
    "baselines": BASELINES,
}


@pytest.mark.parametrize("folder", TABLES)
def test_every_entry_of_a_table_is_a_file_and_every_file_an_entry(folder: str):
    [path] = load_part(ROOM, folder).__path__
    files = {file.stem for file in Path(path).glob("*.py")} - {"__init__", "settings"}
    assert files - SHARED[folder] == set(TABLES[folder])
    for name in TABLES[folder]:
        load_part(f"{ROOM}.{folder}", name)


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        (
            {"criterion": "magnitude"},
            "criteria.magnitude open_loop allocation.uniform schedules.one_shot "
            "retraining.finetune",
        ),
        (
            {
                "criterion": "obd",
                "allocation": "global",
                "schedule": "cubic",
                "stages": 2,
                "regulariser": {"kind": "l1"},
                "weight_sharing": {},
                "retraining": "distill",
            },
            "criteria.obd open_loop allocation.global schedules.cubic regularisers.l1 "
            "weight_sharing retraining.distill",
        ),
        (
            {
                "criterion": "snip",
                "prune_at": "initial",
                "granularity": "unstructured",
                "allocation": "erk",
            },
            "criteria.snip open_loop allocation.erk schedules.one_shot",
        ),
        (
            {"criterion": "my.own", "layer_ratios_from": "other"},
            "same_ratios retraining.finetune",
        ),
        (
            {"schedule": "closed_loop", "controller": {"criteria": ["taylor", "my.own"]}},
            "criteria.taylor controller.closed_loop allocation.uniform allocation.global "
            "allocation.layer_sensitivity retraining.finetune",
        ),
        (
            {"schedule": "closed_loop", "round_to": 8, "controller": {"criteria": ["taylor"]}},
            "criteria.taylor controller.closed_loop allocation.uniform allocation.global "
            "retraining.finetune",
        ),
        (
            {"schedule": "closed_loop"},
            "criteria.magnitude criteria.gradient criteria.sensitivity criteria.taylor "
            "controller.closed_loop allocation.uniform allocation.global "
            "allocation.layer_sensitivity retraining.finetune",
        ),
        ({"baseline": "scratch_b", "shapes_of": "x"}, "baselines.scratch_b retraining.finetune"),
        ({"baseline": "best_of_fixed", "among": ["x", "y"]}, "baselines.best_of_fixed"),
        (
            {"criterion": "obd", "bisect": True},
            "criteria.obd open_loop allocation.uniform schedules.one_shot own_size "
            "retraining.finetune",
        ),
    ],
)
def test_the_parts_that_a_method_names(method: dict[str, Any], parts: str):
    found = method_parts(method_of(**method))
    assert found == [f"{ROOM}.{part}" for part in parts.split()]
    assert all(find_spec(part) for part in found)


def closure(module: str) -> set[str]:
    """The modules of the pruning room that a module imports, settings apart."""
    found = import_closure(f"{ROOM}.{module}", library_root())
    inside = {name.removeprefix(f"{ROOM}.") for name in found if name.startswith(f"{ROOM}.")}
    return {name for name in inside if not name.endswith("settings")}


def code_of(names: set[str], folder: str) -> set[str]:
    """The modules of a folder among these, its empty package apart."""
    return {name for name in names if name.startswith(f"{folder}.")}


def test_the_engine_imports_no_part():
    found = closure("trajectory")
    for folder in (*TABLES, "controller"):
        assert code_of(found, folder) == set(), folder
    assert not {"open_loop", "same_ratios", "other_method", "weight_sharing"} & found


def test_an_open_loop_imports_neither_controller_nor_parts():
    found = closure("open_loop")
    for folder, shared in SHARED.items():
        names = {f"{folder}.{name}" for name in shared - {"same_ratios", "from_scratch"}}
        assert code_of(found, folder) <= names
    assert code_of(found, "controller") == set()
    assert not {"other_method", "weight_sharing", "own_size"} & found


def test_what_repeats_or_chooses_imports_no_method():
    for baseline in ("equal_compute", "best_of_fixed"):
        found = closure(f"baselines.{baseline}")
        assert not {"open_loop", "stages", "own_size"} & found
        for folder in ("controller", "criteria", "allocation"):
            assert code_of(found, folder) == set()


def test_a_closed_loop_imports_no_part_of_other_rooms():
    found = closure("controller.closed_loop")
    for folder, shared in SHARED.items():
        assert code_of(found, folder) <= {f"{folder}.{name}" for name in shared}
    assert not {"open_loop", "stages", "other_method", "weight_sharing"} & found


def test_a_baseline_from_scratch_imports_no_controller_and_no_criterion():
    found = closure("baselines.scratch_b")
    assert code_of(found, "controller") == code_of(found, "criteria") == set()
    assert "baselines.scratch_e" not in found


def test_the_parts_of_a_method_are_known_without_torch():
    code = (
        "import sys; from prunestudy.plan.parts import method_parts; "
        "from prunestudy.pruning.settings import OpenLoop; "
        "method_parts(OpenLoop(criterion='obd')); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
