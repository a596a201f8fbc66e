"""Ctrl-C once and twice: a sentence, no remains, and the next run goes on."""

import os
import signal
import time

import pytest

from tests.faults.conftest import PATIENCE, start, wait_for_peace
from tests.workflow.conftest import Checkout, contents


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "one process"])
def test_an_interrupted_study_ends_soon_and_goes_on_later(
    finished: Checkout, fresh: Checkout, times: int, whole_group: bool
) -> None:
    run = start(fresh)
    time.sleep(15)
    assert run.poll() is None
    for _ in range(times):
        if whole_group:
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.send_signal(signal.SIGINT)
        time.sleep(0.5)
    output, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in output
    wait_for_peace(fresh)
    again = start(fresh)
    output, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, output
    assert contents(fresh) == contents(finished)
