"""What waits for others goes by what the parameters are when its turn comes."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from prunestudy.cli.main import main
from prunestudy.errors import StudyError
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.run import graph, study
from prunestudy.run.locks import JOBS_LOCK, RUN_LOCK, STUDY_LOCK
from tests.waiting import Hearing, held

WAITING = {
    STUDY_LOCK: "another run is at work",
    RUN_LOCK: "another run is at work",
    JOBS_LOCK: "jobs of an earlier run are still at work",
}
BY_ALL = pytest.mark.parametrize("lock", [RUN_LOCK, JOBS_LOCK], ids=str)


@contextmanager
def at_work(lock: Path, moment: Callable[[], object]) -> Iterator[Hearing]:
    """Others are at work; soon after a command waits for them something happens, and they end."""
    with held(lock) as let_go:

        def end() -> None:
            moment()
            let_go()

        later = threading.Timer(0.2, end)
        with contextlib.redirect_stderr(Hearing(later.start)) as said:
            yield said
        assert WAITING[lock] in said.getvalue()
        later.join()


def edited(params: Path, old: str = "epochs: 4", new: str = "epochs: 5") -> None:
    """Edit the parameters."""
    text = params.read_text()
    assert old in text
    params.write_text(text.replace(old, new))


def made(params: Path) -> list[Path]:
    """Files in the places of a study's dense networks."""
    paths = [artifact.path for artifact in Plan(read_study(params)).of_step("train")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


@BY_ALL
def test_gc_keeps_what_others_made_meanwhile(here: Path, capsys: pytest.CaptureFixture, lock: Path):
    params = here / "params.yaml"
    former = made(params)
    seen: list[bool] = []
    latter: list[Path] = []

    def moment() -> None:
        seen.extend(path.exists() for path in former)
        edited(params)
        latter.extend(made(params))

    with at_work(lock, moment):
        assert main(["gc"]) == 0
    assert all(seen)
    assert len(former) == len(latter) == 4
    assert not set(former) & set(latter)
    assert not any(path.exists() for path in former)
    assert all(path.exists() for path in latter)


@BY_ALL
def test_an_archive_is_of_the_parameters_that_it_holds(here: Path, lock: Path):
    with at_work(lock, lambda: edited(here / "params.yaml", "name: small", "name: other")) as said:
        assert main(["archive"]) == 1
    assert "study 'other' has no report" in said.getvalue()


@pytest.mark.parametrize(
    ("module", "lock"),
    [
        *((graph, lock) for lock in (RUN_LOCK, JOBS_LOCK)),
        *((study, lock) for lock in (STUDY_LOCK, RUN_LOCK, JOBS_LOCK)),
    ],
)
def test_a_run_is_of_one_plan(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    lock: Path,
):
    def healed(plan: Plan) -> None:
        raise StudyError(f"{plan.study.tasks['digits'].training.epochs} epochs")

    monkeypatch.setattr(module, "heal_study", healed)
    (here / "Snakefile").touch()
    edited(here / "params.yaml", "name: small", "name: default")
    with at_work(lock, lambda: edited(here / "params.yaml")) as said:
        assert main(["run" if module == graph else "study"]) == 1
    assert "5 epochs" in said.getvalue()
