"""The plan: an edit changes the keys of exactly what depends on it."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunestudy.errors import StudyError
from prunestudy.params.reader import check_study
from prunestudy.params.settings import Study
from prunestudy.plan import plan as plan_module
from prunestudy.plan.keys import KEY_LENGTH, run_key
from prunestudy.plan.plan import Plan

MEASURES = ("evaluate", "latency")
LAST = {"collect", "report", "publish"}


def keys(study: Study) -> dict[str, str]:
    """The key of every cell of a study."""
    return {artifact.name: artifact.key for artifact in Plan(study)}


def moved(before: Study, after: Study) -> set[str]:
    """Cells that have another key in ``after``, or are new, in words."""
    old = keys(before)
    return {name for name, key in keys(after).items() if old.get(name) != key}


def of_method(study: Study, method: str) -> set[str]:
    """What hangs on one method: its cells, what measures them, and the end of the graph."""
    cells = [f"{task}/seed{seed}" for task in study.tasks for seed in study.seeds]
    own = {f"prune {cell}/{method}" for cell in cells}
    return own | {f"{step} {cell}" for step in MEASURES for cell in cells} | LAST


def test_the_plan_lists_every_job_of_a_study(study: Study):
    # 2 data sets, 2 tasks, 2 seeds; dense and 3 methods in each cell.
    assert Counter(artifact.step.name for artifact in Plan(study)) == {
        "fetch": 2,
        "prepare": 2,
        "train": 4,
        "prune": 12,
        "evaluate": 4,
        "latency": 4,
        "collect": 1,
        "report": 1,
        "publish": 1,
    }


def test_keys_are_the_same_in_every_plan(study: Study):
    assert keys(study) == keys(study)


def test_keys_do_not_depend_on_whether_defaults_are_written_out(content: dict[str, Any]):
    written = check_study({**content, "compressions": [2, 4, 8, 16, 32]})
    del content["compressions"]
    assert moved(check_study(content), written) == set()


def test_a_file_is_named_by_cell_and_key(study: Study):
    artifact = Plan(study).find("prune", task="digits", seed=1, method="adaptive")
    short = artifact.key[:KEY_LENGTH]
    assert artifact.path == Path(f"models/small/digits/seed1/adaptive-{short}")
    prepared = Plan(study).find("prepare", task="digits")
    assert prepared.path.name == f"digits-{prepared.key[:KEY_LENGTH]}.safetensors"


def test_paths_never_clash(study: Study):
    plan = Plan(study)
    assert len({artifact.path for artifact in plan}) == len(plan.artifacts)


def test_inputs_come_before_what_reads_them(study: Study):
    made: set[Path] = set()
    for artifact in Plan(study):
        assert {needed.path for needed in artifact.needed()} <= made, artifact.name
        made.add(artifact.path)


def test_a_key_holds_the_keys_of_the_inputs(study: Study):
    prune = Plan(study).find("prune", task="digits", seed=0, method="adaptive")
    assert prune.parts["inputs"] == {role: made.key for role, made in prune.inputs.items()}
    assert set(prune.inputs) == {"data", "dense"}
    assert prune.parts["packages"]["torch-pruning"]
    assert "+" not in prune.parts["packages"]["torch"]


LEARNING = {"seed", "loss", "metric", "compute"}


@pytest.mark.parametrize(
    ("step", "method", "params"),
    [
        ("fetch", None, {"name"}),
        ("prepare", None, {"name", "split"}),
        ("train", "dense", LEARNING | {"network", "training"}),
        ("prune", "traditional", LEARNING | {"retraining", "method", "compressions"}),
        ("prune", "adaptive", LEARNING | {"retraining", "method", "compressions", "requirements"}),
        ("evaluate", None, {"loss", "metric"}),
        ("latency", None, {"repeats", "warmup"}),
        ("collect", None, {"networks", "methods", "metrics"}),
        ("publish", None, set()),
    ],
)
def test_a_key_holds_every_parameter_that_its_step_reads(
    study: Study, step: str, method: str | None, params: set[str]
):
    found = [made for made in Plan(study).of_step(step) if made.cell.method == method]
    assert found
    for artifact in found:
        assert set(artifact.parts["params"]) == params


FASTER = {"schedule": "closed_loop", "round_to": 4, "controller": {"resource": "latency"}}


def test_how_exact_a_training_is_reruns_every_training(study: Study, changed: Callable):
    found = moved(study, changed("compute", {"precision": "bf16"}))
    assert Counter(cell.split()[0] for cell in found - LAST) == {
        "train": 4,
        "prune": 12,
        "evaluate": 4,
        "latency": 4,
    }


@pytest.mark.parametrize(
    ("place", "tasks"),
    [
        (("methods", "adaptive", FASTER), ["diabetes", "digits"]),
        (("tasks", "digits", "requirements", {"latency_ms": 1.5}), ["digits"]),
        (("tasks", "digits", "requirements", {"params": 100}), []),
    ],
    ids=["freed", "limited", "neither"],
)
def test_layers_are_timed_where_a_loop_frees_latency_or_a_task_limits_it(
    changed: Callable, place: tuple[Any, ...], tasks: list[str]
):
    plan = Plan(changed(*place))
    timed = plan.of_step("layer_latency")
    assert [made.cell.task for made in timed] == tasks
    for made in timed:
        assert set(made.parts["params"]) == {"granule", "network", "latency"}
        prune = plan.find("prune", task=made.cell.task, seed=0, method="adaptive")
        assert prune.inputs["layer_latency"] is made


def test_a_cell_that_is_not_in_the_study_is_named(study: Study):
    with pytest.raises(StudyError, match="no prune of 'digits/7/adaptive'") as caught:
        Plan(study).find("prune", task="digits", seed=7, method="adaptive")
    assert "seeds: 0, 1" in str(caught.value)


# Edits.


def test_a_parameter_of_a_method_reruns_that_method_alone(study: Study, changed: Callable):
    edited = changed("methods", "iterative", "stages", 3)
    assert moved(study, edited) == of_method(study, "iterative")


def test_a_setting_of_the_controller_reruns_the_closed_loop_alone(study: Study, changed: Callable):
    edited = changed("methods", "adaptive", "controller", "step", 0.35)
    assert moved(study, edited) == of_method(study, "adaptive")


@pytest.mark.parametrize(("key", "value"), [("max_drop", 0.05), ("relative", True)])
def test_requirements_rerun_only_the_methods_that_read_them(
    study: Study, changed: Callable, key: str, value: Any
):
    edited = changed("tasks", "digits", "requirements", key, value)
    cells = {f"digits/seed{seed}" for seed in study.seeds}
    expected = {f"prune {cell}/adaptive" for cell in cells}
    expected |= {f"{step} {cell}" for step in MEASURES for cell in cells}
    assert moved(study, edited) == expected | LAST


@pytest.mark.parametrize(
    ("key", "value"), [("title", "Another"), ("authors", ["A. Author"]), ("confidence", 0.9)]
)
def test_the_words_of_the_report_rerun_the_report_alone(
    study: Study, changed: Callable, key: str, value: Any
):
    assert moved(study, changed("report", key, value)) == {"report", "publish"}


def test_a_new_seed_adds_its_cells(study: Study, changed: Callable):
    found = moved(study, changed("seeds", [0, 1, 2]))
    added = {cell for cell in found if "/seed2" in cell}
    assert found == added | LAST
    assert Counter(cell.split()[0] for cell in added) == {
        "train": 2,
        "prune": 6,
        "evaluate": 2,
        "latency": 2,
    }


def test_a_seed_that_goes_leaves_the_other_cells(study: Study, changed: Callable):
    assert moved(study, changed("seeds", [1])) == LAST


def test_a_new_method_adds_its_cells(study: Study, changed: Callable):
    edited = changed("methods", "random", {"criterion": "random"})
    assert moved(study, edited) == of_method(study, "random")


def test_the_training_of_a_task_reruns_that_task(study: Study, changed: Callable):
    found = moved(study, changed("tasks", "digits", "training", "lr", 0.01))
    assert {cell for cell in found if "diabetes" in cell} == set()
    assert {cell for cell in found if cell.startswith(("fetch", "prepare"))} == set()
    assert Counter(cell.split()[0] for cell in found - LAST) == {
        "train": 2,
        "prune": 6,
        "evaluate": 2,
        "latency": 2,
    }


def test_the_retraining_of_a_task_leaves_its_dense_networks(study: Study, changed: Callable):
    found = moved(study, changed("tasks", "digits", "retraining", "epochs", 5))
    assert Counter(cell.split()[0] for cell in found - LAST) == {
        "prune": 6,
        "evaluate": 2,
        "latency": 2,
    }


def test_the_points_rerun_every_pruning(study: Study, changed: Callable):
    found = moved(study, changed("compressions", [2, 4, 8]))
    assert Counter(cell.split()[0] for cell in found - LAST) == {
        "prune": 12,
        "evaluate": 4,
        "latency": 4,
    }


def test_timing_settings_rerun_the_timing_alone(study: Study, changed: Callable):
    found = moved(study, changed("latency", "repeats", 5))
    assert Counter(cell.split()[0] for cell in found - LAST) == {"latency": 4}


def test_a_split_reruns_all_but_the_download(study: Study, changed: Callable):
    found = moved(study, changed("tasks", "digits", "data", "split", {"seed": 1}))
    assert "fetch digits" not in found
    assert "prepare digits" in found
    assert {cell for cell in found if "diabetes" in cell} == set()


def test_names_of_tasks_and_methods_share_no_file(content: dict[str, Any]):
    content["tasks"]["twin"] = content["tasks"]["digits"]
    content["methods"]["twin"] = content["methods"]["traditional"]
    plan = Plan(Study.model_validate(content))
    assert len(plan.by_path) == len(plan.artifacts)
    assert len(plan.of_step("fetch")) == 2


# Methods that name others.

EQUAL = {"baseline": "equal_compute", "method": "traditional", "effort_of": "adaptive"}
BEST = {"baseline": "best_of_fixed", "among": ["iterative", "traditional"]}


def test_the_points_of_a_task_rerun_its_prunings_alone(study: Study, changed: Callable):
    found = moved(study, changed("tasks", "digits", "compressions", [2, 8]))
    assert Counter(cell.split()[0] for cell in found - LAST) == {
        "prune": 6,
        "evaluate": 2,
        "latency": 2,
    }
    assert {cell for cell in found if "diabetes" in cell} == set()
    # Who writes out what the study says anyway changes nothing but the study's text.
    assert moved(study, changed("tasks", "digits", "compressions", [2, 4])) <= {"report", "publish"}


def test_a_baseline_reads_the_trajectories_that_it_needs(content: dict[str, Any]):
    content["methods"] |= {"equal": EQUAL, "best": BEST}
    plan = Plan(Study.model_validate(content))
    place = {"task": "digits", "seed": 1}
    equal, best = (plan.find("prune", **place, method=name) for name in ("equal", "best"))
    others = {name: plan.find("prune", **place, method=name) for name in content["methods"]}
    assert equal.inputs["references"] == {"adaptive": others["adaptive"]}
    assert best.inputs["references"] == {name: others[name] for name in BEST["among"]}
    told = best.arguments()
    first, second = (f"{name}={others[name].path}" for name in BEST["among"])
    where = told.index("--references")
    assert told[where : where + 3] == ["--references", first, second]
    # What is repeated is computed anew: by its settings and its code, not from its networks.
    repeated = equal.parts["params"]["repeated"]
    assert repeated["criterion"] == "magnitude"
    assert set(best.parts["params"]) == LEARNING | {"retraining", "method", "compressions"}


@pytest.mark.parametrize(
    ("edit", "rerun"),
    [
        (("traditional", "weight_sharing", {"clusters": 4}), ["traditional", "equal", "best"]),
        (("iterative", "stages", 3), ["iterative", "best"]),
        (("adaptive", "controller", "step", 0.35), ["adaptive", "equal"]),
        # Neither the size that a method finds nor where else it runs is repeated.
        (("traditional", "bisect", 2), ["traditional", "best"]),
    ],
)
def test_a_change_of_a_method_reruns_what_is_made_from_it(
    content: dict[str, Any], edit: tuple[Any, ...], rerun: list[str]
):
    content["methods"] |= {"equal": EQUAL, "best": BEST}
    for name in BEST["among"]:
        content["methods"][name]["bisect"] = 1
    before = check_study(content)
    method, *inner, value = edit
    group = content["methods"][method]
    for key in inner[:-1]:
        group = group[key]
    group[inner[-1]] = value
    found = moved(before, check_study(content))
    pruned = {cell.rpartition("/")[2] for cell in found if cell.startswith("prune")}
    assert pruned == set(rerun)


@pytest.mark.parametrize(
    ("requirements", "rerun"),
    [
        ({"max_drop": 0.03}, {"adaptive", "traditional"}),
        ({"max_drop": 0.01, "relative": True}, {"adaptive", "traditional"}),
        # Its own size keeps to no limit but that of quality.
        ({"max_drop": 0.01, "macs": 500_000}, {"adaptive"}),
    ],
)
def test_requirements_rerun_a_method_that_bisects_where_it_reads_them(
    content: dict[str, Any], changed: Callable, requirements: dict[str, Any], rerun: set[str]
):
    content["methods"]["traditional"]["bisect"] = False
    assert keys(check_study(content)) == keys(changed("seeds", [0, 1]))
    content["methods"]["traditional"]["bisect"] = True
    before = check_study(content)
    content["tasks"]["digits"]["requirements"] = requirements
    found = moved(before, check_study(content))
    pruned = {cell.rpartition("/")[2] for cell in found if cell.startswith("prune")}
    assert pruned == rerun


# Folds.


@pytest.fixture
def folded(content: dict[str, Any]) -> dict[str, Any]:
    """The study with diabetes in two folds, twice; digits is split once."""
    content["tasks"]["diabetes"]["data"]["split"] = {"folds": 2, "repeats": 2}
    return {**content, "seeds": [5, 3, 8, 1]}


def test_each_seed_of_a_task_in_folds_works_on_its_own(folded: dict[str, Any]):
    study = check_study(folded)
    plan = Plan(study)
    assert [made.cell.task for made in plan.of_step("prepare")] == ["digits"]
    made = {one.cell.seed: one for one in plan.of_step("prepare_fold")}
    places = {
        seed: (one.parts["params"]["repeat"], one.parts["params"]["fold"])
        for seed, one in made.items()
    }
    assert places == {5: (0, 0), 3: (0, 1), 8: (1, 0), 1: (1, 1)}
    assert {seed: study.fold_of("diabetes", seed) for seed in study.seeds} == places
    assert study.fold_of("digits", 5) is None
    for seed in study.seeds:
        for task, expected in (
            ("diabetes", made[seed]),
            ("digits", plan.find("prepare", task="digits")),
        ):
            users = [
                plan.find("train", task=task, seed=seed, method="dense"),
                *(plan.find("prune", task=task, seed=seed, method=name) for name in study.methods),
                plan.find("evaluate", task=task, seed=seed),
            ]
            assert all(one.inputs["data"] is expected for one in users)
    assert set(plan.find("collect").inputs["data"]) == {
        "prepare digits",
        *(f"prepare_fold diabetes/seed{seed}" for seed in study.seeds),
    }
    assert len(plan.by_path) == len(plan.artifacts)


def test_layers_are_timed_with_the_shapes_of_the_first_fold(folded: dict[str, Any]):
    folded["methods"]["adaptive"] = FASTER
    plan = Plan(check_study(folded))
    timed = plan.find("layer_latency", task="diabetes", granule=4)
    assert timed.inputs["data"] is plan.find("prepare_fold", task="diabetes", seed=5)


def test_more_repeats_and_seeds_leave_the_folds_before_them(folded: dict[str, Any]):
    before = check_study(folded)
    folded["tasks"]["diabetes"]["data"]["split"]["repeats"] = 3
    assert moved(before, check_study(folded)) == {"report", "publish"}
    found = moved(before, check_study({**folded, "seeds": [*folded["seeds"], 7, 9]}))
    assert {cell for cell in found if "/seed7" not in cell and "/seed9" not in cell} == LAST
    assert {"prepare_fold diabetes/seed7", "train digits/seed9/dense"} <= found


def test_folds_of_one_task_leave_the_other_and_what_is_split_once_has_its_old_keys(
    study: Study, changed: Callable
):
    found = moved(study, changed("tasks", "diabetes", "data", "split", {"folds": 2}))
    assert {cell for cell in found if "digits" in cell} == set()
    # Computed before there were folds: absent options are in no key.
    old = {
        "diabetes": "fff4b9c6e6e3580e6e016ff2479275481051e667d2615d216f52ce303651f594",
        "digits": "32bcf30cc859a3521f347459e5c37526efee05731af1e56fcc4aa290216661fd",
    }
    for made in Plan(study).of_step("prepare"):
        told = {part: made.parts[part] for part in ("step", "params")}
        assert run_key(told) == old[str(made.cell.task)]
        assert set(made.parts["inputs"]) == {"raw"}
        assert made.path == Path(
            f"data/small/prepared/{made.cell.task}-{made.key[:KEY_LENGTH]}.safetensors"
        )


# Cost.


def test_a_plan_of_a_hundred_cells_takes_less_than_a_second(changed: Callable):
    study = changed("seeds", list(range(17)))
    begin = time.process_time()
    plan = Plan(study)
    assert time.process_time() - begin < 1
    assert len(plan.of_step("prune")) == 102


def test_the_plan_imports_neither_torch_nor_lightning():
    code = (
        "import sys, prunestudy.plan.plan, prunestudy.params.reader, prunestudy.plan.status\n"
        "heavy = ('torch', 'pytorch_lightning', 'mlflow', 'onnxruntime', 'snakemake', 'dvc')\n"
        "print(sorted(set(heavy) & set(sys.modules)), 'prunestudy.plan.plan' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_some_steps_alone_have_the_same_keys_and_ask_for_no_other_package(
    study: Study, monkeypatch: pytest.MonkeyPatch
):
    whole = {artifact.name: artifact.key for artifact in Plan(study)}
    versions = plan_module.package_versions

    def installed(names: tuple[str, ...]) -> dict[str, str]:
        if {"onnx", "mlflow", "altair"} & set(names):
            raise StudyError(f"not installed: {names}")
        return versions(names)

    monkeypatch.setattr(plan_module, "package_versions", installed)
    some = {artifact.name: artifact.key for artifact in Plan(study, ("evaluate",))}
    assert {name.partition(" ")[0] for name in some} == {
        *("fetch", "prepare", "train", "prune", "evaluate")
    }
    assert some == {name: whole[name] for name in some}
    with pytest.raises(StudyError, match="not installed"):
        Plan(study)


def test_a_reference_adds_its_job_and_reruns_the_tables_alone(study: Study, changed: Callable):
    edited = changed("tasks", "digits", "reference", "logistic")
    before, after = ({one.name: one.key for one in Plan(each)} for each in (study, edited))
    assert set(after) - set(before) == {"reference digits"}
    rerun = {name for name in before if before[name] != after[name]}
    assert rerun == {"collect", "report", "publish"}
