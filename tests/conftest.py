"""What several test modules share: small studies, prepared data and a trained network."""

import contextlib
import copy
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from prunestudy.data.settings import Data
from prunestudy.params.settings import Study
from prunestudy.training.settings import Compute, Training

if TYPE_CHECKING:
    from tests.report.fabricated import Build, Cell

ROOT = Path(__file__).parent.parent
# Studies of the tests' own: a user may edit params.yaml and studies/ at will.
STUDIES = Path(__file__).parent / "studies"


@pytest.fixture(scope="session", autouse=True)
def nothing_is_flushed() -> Iterator[None]:
    """Leave to the system when it writes: a busy disk takes a tenth of a second for each file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


settings.register_profile(
    "study",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("study")

CONTENT: dict[str, Any] = {
    "name": "small",
    "seeds": [0, 1],
    "compressions": [2, 4],
    "tasks": {
        "diabetes": {
            "data": {"name": "diabetes"},
            "network": {"name": "mlp", "hidden": [5]},
            "loss": "mse",
            "metric": "r2",
            "training": {"epochs": 4},
            "retraining": {"epochs": 4},
            "requirements": {"max_drop": 0.02},
        },
        "digits": {
            "data": {"name": "digits"},
            "network": {"name": "cnn", "channels": [4, 8]},
            "loss": "cross_entropy",
            "metric": "accuracy",
            "training": {"epochs": 4},
            "retraining": {"epochs": 4},
        },
    },
    "methods": {
        "traditional": {"criterion": "magnitude"},
        "iterative": {
            "criterion": "gradient",
            "allocation": "global",
            "schedule": "cubic",
            "stages": 2,
        },
        "adaptive": {
            "allocation": "global",
            "schedule": "closed_loop",
            "controller": {"criteria": ["magnitude", "taylor"], "step": 0.25},
        },
    },
}


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where something waits for longer, as for a pipe that nobody writes into."""

    def overdue(*_signal: object) -> None:
        pytest.fail(f"waited for more than {seconds} s")

    before = signal.signal(signal.SIGALRM, overdue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT


@pytest.fixture
def content() -> dict[str, Any]:
    """A valid study of two tasks, two seeds and three methods, as a parameters file holds it."""
    return copy.deepcopy(CONTENT)


@pytest.fixture
def study(content: dict[str, Any]) -> Study:
    """The study of ``content``."""
    return Study.model_validate(content)


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Prepared data of a bundled set, made once a session: name → file."""
    from prunestudy.data.fetch import fetch
    from prunestudy.data.prepare import prepare

    folder = tmp_path_factory.mktemp("prepared")

    def file(name: str) -> Path:
        out = folder / f"{name}.safetensors"
        if not out.exists():
            fetch(name, folder / name)
            prepare(Data(name=name), folder / name, out)  # type: ignore[arg-type]
        return out

    return file


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> "Build":
    """Builds the report of a made-up study, once a session: nobody may write to it."""
    from prunestudy.plan.plan import Plan
    from prunestudy.report.build import build_report
    from tests.report.fabricated import Built, make_study, write_tables

    known: dict[tuple[str, frozenset[Cell]], Built] = {}

    def built(study: Study | None = None, failed: "frozenset[Cell]" = frozenset()) -> Built:
        plan = Plan(study or make_study())
        named = plan.study.model_dump_json(), failed
        if named not in known:
            root = tmp_path_factory.mktemp("report")
            write_tables(plan.study, root / "given", 300, 0.0, failed)
            written = build_report(plan, root / "given", root / "reports", "f" * 64)
            known[named] = Built(plan, root / "given", root / "reports", written)
        return known[named]

    return built


@pytest.fixture(scope="session")
def cpu() -> Compute:
    """Training on the processor."""
    return Compute(accelerator="cpu")


@pytest.fixture
def make_trainer(prepared_file: Callable[[str], Path], cpu: Compute) -> Callable[..., Any]:
    """A trainer of a bundled data set: name, and training settings to set apart."""
    from prunestudy.data.tensors import read_prepared
    from prunestudy.training.loop import TrainingLoop
    from prunestudy.training.objective import Objective

    def make(name: str, seed: int = 0, **training: Any) -> TrainingLoop:
        objective = (
            Objective("mse", "r2") if name == "diabetes" else Objective("cross_entropy", "accuracy")
        )
        chosen = Training(**{"epochs": 4, **training})
        return TrainingLoop(read_prepared(prepared_file(name)), objective, chosen, cpu, seed)

    return make


@pytest.fixture
def changed(content: dict[str, Any]) -> Callable[..., Study]:
    """The study of ``content`` with one value changed: keys of its place, then the value."""

    def change(*place: Any) -> Study:
        *keys, last, value = place
        edited = copy.deepcopy(content)
        group = edited
        for key in keys:
            group = group.setdefault(key, {})
        group[last] = value
        return Study.model_validate(edited)

    return change
