"""``gc`` sweeps by what is known once nobody else is at work."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from prunestudy.cli.main import main
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.run.locks import JOBS_LOCK, RUN_LOCK

WAITING = {RUN_LOCK: "another run is at work", JOBS_LOCK: "jobs of an earlier run are still"}


@contextmanager
def at_work(lock: Path, moment: Callable[[], None]) -> Iterator[None]:
    """Hold a lock as others do who are at work; a moment later have something happen, and end."""
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_SH if lock == JOBS_LOCK else fcntl.LOCK_EX)

        def end() -> None:
            moment()
            fcntl.flock(held, fcntl.LOCK_UN)

        later = threading.Timer(0.3, end)
        later.start()
        yield
        later.join()


def made(params: Path) -> list[Path]:
    """Files in the places of a study's dense networks."""
    paths = [artifact.path for artifact in Plan(read_study(params)).of_step("train")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


@pytest.mark.parametrize("lock", WAITING, ids=str)
def test_it_waits_and_goes_by_the_parameters_as_they_are_then(
    here: Path, capsys: pytest.CaptureFixture, lock: Path
):
    params = here / "params.yaml"
    former = made(params)
    seen: list[bool] = []
    latter: list[Path] = []

    def moment() -> None:
        seen.extend(path.exists() for path in former)
        params.write_text(params.read_text().replace("epochs: 4", "epochs: 5"))
        latter.extend(made(params))

    with at_work(lock, moment):
        assert main(["gc"]) == 0
    assert WAITING[lock] in capsys.readouterr().err
    assert all(seen)
    assert len(former) == len(latter) == 4
    assert not set(former) & set(latter)
    assert not any(path.exists() for path in former)
    assert all(path.exists() for path in latter)
