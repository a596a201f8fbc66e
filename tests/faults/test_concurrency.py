"""Two runs in one checkout, and many publishers: one waits for the other, nothing is lost."""

import sqlite3

from tests.faults.conftest import PATIENCE, start
from tests.workflow.conftest import STUDY, Checkout, contents

PUBLISHERS = 16
TRAJECTORIES = 2 * 3


def test_two_studies_at_once_in_one_checkout(finished: Checkout, fresh: Checkout) -> None:
    runs = [start(fresh), start(fresh)]
    outputs = [run.communicate(timeout=2 * PATIENCE)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    waited = [output for output in outputs if "another run is at work" in output]
    assert len(waited) == 1
    assert contents(fresh) == contents(finished)


def test_many_publishers_at_once_lose_and_double_nothing(checkout: Checkout) -> None:
    [tables] = (checkout.folder / "models" / STUDY).glob("tables-????????????")
    (checkout.folder / "mlruns" / "mlflow.db").unlink()
    runs = [
        start(
            checkout,
            *("prunestudy", "publish", "--params", f"studies/{STUDY}.yaml"),
            *("--tables", str(tables.relative_to(checkout.folder))),
            *("--out", f"published-{number}.txt"),
        )
        for number in range(PUBLISHERS)
    ]
    outputs = [run.communicate(timeout=PATIENCE)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * PUBLISHERS, outputs
    assert not any("lock" in output.lower() for output in outputs)
    assert sum(f"{TRAJECTORIES} of them new" in output for output in outputs) == 1
    with sqlite3.connect(checkout.folder / "mlruns" / "mlflow.db") as database:
        kept = database.execute(
            "select count(*), count(distinct value) from tags where key = 'run_key'"
        ).fetchone()
    assert kept == (TRAJECTORIES + 1, TRAJECTORIES + 1)
