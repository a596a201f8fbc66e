"""A small study with made-up tables whose results are known beforehand."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from prunestudy.analysis.inputs import read_inputs
from prunestudy.data.settings import Data
from prunestudy.networks.architectures.settings import Mlp
from prunestudy.params.report_settings import Claims, Question, Report
from prunestudy.params.settings import Study, Task
from prunestudy.plan.plan import Plan
from prunestudy.pruning.controller.settings import Controller
from prunestudy.pruning.settings import Baseline, ClosedLoop, OpenLoop, SameRatios
from prunestudy.store.tables import write_table
from prunestudy.training.settings import Retraining, Training

if TYPE_CHECKING:
    from prunestudy.report.contents import Contents

PARAMS = 1000
# Every kind of method: of fixed ratios, closed loops, and their baselines.
LOOPS = ("traditional", "other", "adaptive", "hurried", "rounded")
EVERY = (*LOOPS, "small", "alike")
QUESTION = Question(method="adaptive", against="traditional")
ASIDE = Question(method="traditional", against="other", claims=Claims(params=0.9))
TITLE = "Prune & <script>alert('x')</script>"
CAUSE = "point 4: the training <diverged> in epoch 3"
REASON = "the smallest <allowed> network has 300 parameters | too many"


def make_study(
    seeds: int = 5,
    methods: tuple[str, ...] = ("traditional", "other", "adaptive"),
    compare: tuple[Question, ...] = (QUESTION,),
    confidence: float = 0.95,
) -> Study:
    """Two tasks, two operating points; questions of methods that it has."""
    epochs = {"training": Training(epochs=4), "retraining": Retraining(epochs=4)}
    regression = {"loss": "mse", "metric": "r2", **epochs}
    classification = {"loss": "cross_entropy", "metric": "accuracy", **epochs}
    every = {
        "traditional": OpenLoop(criterion="magnitude"),
        "other": OpenLoop(criterion="random"),
        "adaptive": ClosedLoop(allocation="global", controller=Controller()),
        "hurried": ClosedLoop(
            round_to=8, controller=Controller(resource="latency"), tasks=["numbers"]
        ),
        "rounded": OpenLoop(criterion="magnitude", round_to=8, tasks=["numbers"]),
        "small": Baseline(baseline="scratch_e", shapes_of="adaptive"),
        "alike": SameRatios(criterion="magnitude", layer_ratios_from="adaptive"),
    }
    return Study(
        name="fabricated",
        seeds=list(range(seeds)),
        compressions=[2, 4],
        tasks={
            "numbers": Task(data=Data(name="diabetes"), network=Mlp(hidden=[5]), **regression),
            "classes": Task(data=Data(name="wdbc"), network=Mlp(hidden=[8, 4]), **classification),
        },
        methods={name: every[name] for name in methods},
        report=Report(
            title=TITLE,
            authors=["A. <b>Author</b>"],
            confidence=confidence,
            compare=[question for question in compare if set(question.pair) <= set(methods)],
        ),
    )


Cell = tuple[str, int, str]
FAILED: frozenset[Cell] = frozenset({("numbers", 0, "other")})


def write_tables(
    study: Study,
    folder: Path,
    final_params: int,
    test_change: float,
    failed: frozenset[Cell] = frozenset(),
) -> None:
    """Tables in which every network keeps its validation quality at 2× and loses it at 4×.

    So the test quality of adaptive differs from the others' by ``test_change`` at every size, and
    so does its area. Cells that have failed are in no table but ``failures``.
    """
    folder.mkdir(parents=True)
    networks: list[dict] = []
    history: list[dict] = []
    decisions: list[dict] = []
    timings: list[dict] = []
    for task in study.tasks:
        for seed in study.seeds:
            cell = {"task": task, "seed": seed}
            noise = 0.001 * ((seed * 7) % 5)
            dense = _network("1", PARAMS, 0.9, 0.88 + noise)
            dense["artifact_sha256"] = f"{seed + 1:064x}".replace("0", "d")
            networks.append({**cell, "method": "dense", **dense})
            timings.append({"step": "train", **cell, "method": "dense", **_job(2.0)})
            for method, composed in study.methods.items():
                if composed.tasks is not None and task not in composed.tasks:
                    continue
                own = {**cell, "method": method}
                change = test_change if method == "adaptive" else 0.0
                kept = [("2", 500, 0.9), ("4", 250, 0.5)]
                if method == "adaptive":
                    kept.append(("final", final_params + seed, 0.895))
                    decisions += [{**own, **row} for row in _decisions()]
                if method == "hurried":
                    decisions += [{**own, **row, "resource": "latency"} for row in _decisions()]
                for point, params, val in kept:
                    test = val - 0.02 + noise / 2 + change + 0.0001 * (seed % 3)
                    networks.append({**own, **_network(point, params, val, test)})
                    history += [{**own, **row} for row in _history(point, seed)]
                timings.append({"step": "prune", **own, **_job(5.0 + seed)})
    results = forgetful(pd.DataFrame(networks))
    latency = results[["task", "seed", "method", "point"]].assign(
        latency_ms_b1=0.1,
        latency_ms_b64=results["params"] / 1000,
        latency_ratio_b1=1.0,
        latency_ratio_b64=PARAMS / results["params"],
    )
    unreachable = {"task": "classes", "seed": 0, "method": "other", "point": "4", "reason": REASON}
    tables = {
        "results": results,
        "latency": latency,
        "history": pd.DataFrame(history),
        "decisions": pd.DataFrame(decisions, columns=["task", "seed", "method", *_decisions()[0]]),
        "unreachable": pd.DataFrame([unreachable]),
        "failures": pd.DataFrame(
            [[*cell, CAUSE] for cell in sorted(failed)], columns=["task", "seed", "method", "cause"]
        ),
        "datasets": pd.DataFrame(
            [{"task": name, **_data(task.metric)} for name, task in study.tasks.items()]
        ),
        "timings": pd.DataFrame(timings),
    }
    for name, table in tables.items():
        if name in ("failures", "datasets", "timings"):
            write_table(table, folder / f"{name}.csv")
            continue
        cells = zip(table["task"], table["seed"], table["method"], strict=True)
        kept = [cell not in failed for cell in cells]
        write_table(table.loc[kept], folder / f"{name}.csv")


def contents_of(
    folder: Path,
    study: Study | None = None,
    final_params: int = 300,
    test_change: float = 0.0,
    failed: frozenset[Cell] = frozenset(),
    networks: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> "Contents":
    """What a report of made-up tables says, with something of its networks changed."""
    from prunestudy.report.contents import Contents

    study = study or make_study()
    write_tables(study, folder / "given", final_params, test_change, failed)
    inputs = read_inputs(Plan(study), folder / "given", "f" * 64)
    return Contents(replace(inputs, networks=networks(inputs.networks)))


def uneven(networks: pd.DataFrame) -> pd.DataFrame:
    """Sizes, qualities and times that differ between seeds, methods and tasks."""
    places = networks[["task", "seed", "method"]].astype(str).agg("/".join, axis=1)
    far = places.map(lambda place: zlib.crc32(place.encode()) % 1000 / 1000 - 0.5)
    far = far.where(networks["method"] != "dense", 0.0)
    sizes = {name: networks[name] * (1 + 0.2 * far) for name in ("params", "params_nonzero")}
    sizes["compression"] = networks["compression"] / (1 + 0.2 * far)
    times = networks["latency_ratio_b64"] * (1 + far * far)
    return networks.assign(**sizes, test=networks["test"] + 0.02 * far, latency_ratio_b64=times)


def forgetful(networks: pd.DataFrame) -> pd.DataFrame:
    """What is lost beyond the mean, of classes alone: the more, the smaller a network is."""
    classes = networks["task"] == "classes"
    lost = (1 - networks["params"] / PARAMS) * (1 + networks["seed"] / 100)
    label = pd.Series("malignant", networks.index)
    columns = {"worst_class_drop": lost / 10, "worst_class": label.where(lost > 0)}
    columns |= {"churn": lost / 20, "calibration_error": 0.01 + lost / 20}
    columns |= dict.fromkeys(("corrupted", "corrupted_noise"), 0.7 - lost / 5)
    return networks.assign(**{name: column.where(classes) for name, column in columns.items()})


def timed_on_gpu(networks: pd.DataFrame) -> pd.DataFrame:
    """The columns of a study on a GPU; at batch 512 nothing could be compiled.

    A row lasts a microsecond for each parameter, compiled half of that, in a graph a quarter.
    """
    found = networks.assign(cuda_device="A GPU")
    for mode, factor in {"eager": 1.0, "compiled": 0.5, "graph": 0.25}.items():
        for size in (1,) if mode == "graph" else (1, 64, 512):
            lasting = factor * size * networks["params"] / 1000
            if (mode, size) == ("compiled", 512):
                lasting = lasting * float("nan")
            columns = {"ms": lasting, "q1": 0.9 * lasting, "q3": 1.1 * lasting}
            columns["ratio"] = factor * size * PARAMS / 1000 / lasting
            found = found.assign(
                **{f"cuda_{mode}_{part}_b{size}": value for part, value in columns.items()}
            )
    return found


def _network(point: str, params: int, val: float, test: float) -> dict:
    row = {"network": "mlp-5", "point": point, "stage": 1, "metric": "accuracy", "epochs": 4}
    row |= {"val": val, "val_before_retraining": val - 0.1 - test / 10, "test": test}
    row |= dict.fromkeys(("params", "params_nonzero", "macs", "macs_nonzero"), params)
    row |= dict.fromkeys(("compression", "speedup_macs"), PARAMS / params)
    row |= {"bytes": 4 * params, "bytes_gzip": 3 * params, "run_key": "1a" * 32}
    return row | {"artifact_sha256": f"{params:064x}".replace("0", "e")}


def _history(point: str, seed: int) -> list[dict]:
    place = {"point": point, "stage": 1, "lr": 0.001, "val": 0.8}
    noise = 0.01 * seed
    losses = {"train_loss": 1.0, "val_loss": 1.2}
    return [
        {**place, "epoch": epoch, **{name: one / epoch + noise for name, one in losses.items()}}
        for epoch in range(1, 5)
    ]


def _decisions() -> list[dict]:
    moves = [("analysed", None), ("scanned", "magnitude"), ("not chosen", "gradient")]
    moves += [("accepted", "magnitude"), ("rolled back", "magnitude"), ("stopped", None)]
    moves += [("final", None), ("mapped", "gradient")]
    rows = []
    for stage, (verdict, criterion) in enumerate(moves):
        scanned, before = verdict == "scanned", PARAMS - 100 * stage
        row = {"stage": stage, "proposal": "scan 2 30%" if scanned else f"move {stage}"}
        row |= {"criterion": criterion, "layer": "2" if scanned else "all", "resource": "params"}
        row |= {"resource_before": before, "resource_after": before - 100, "val_before": 0.9}
        row |= {"val_after": 0.89, "budget": 0.89, "epochs_spent": float(stage)}
        row |= {"widths": json.dumps({"0": 20 - stage, "2": 10 - stage}), "verdict": verdict}
        rows.append(row | {"evaluations": 2 * stage, "reason": "within the budget"})
    return rows


def _data(metric: str) -> dict:
    rows = {"train_rows": 60, "validation_rows": 20, "test_rows": 20}
    classes = 2 if metric == "accuracy" else 0
    return {"data": "made-up", **rows, "input_shape": "10", "classes": classes}


def _job(seconds: float) -> dict:
    row = {"seconds": seconds, "cpu_seconds": seconds - 0.5, "benchmark_seconds": seconds + 1.5}
    row |= {"peak_memory_mb": 300.0, "platform": "Linux-x86_64", "kernel": "6.1"}
    row |= {"processor": "Some CPU", "cores": 2, "memory_gb": 24.0, "gpu": None}
    return row | {"run_key": "1a" * 32, "path": "models/made-up", "git_commit": "c" * 40}


@dataclass(frozen=True)
class Built:
    """A report on disk and what it was made from."""

    plan: Plan
    tables: Path
    folder: Path
    written: list[Path]

    def text(self, name: str) -> str:
        """A file of the report."""
        return (self.folder / name).read_text(encoding="utf-8")


Build = Callable[..., Built]
