"""Ctrl-C once and twice, and what ends a terminal: a sentence, no remains, the next run goes on."""

import os
import signal
import time

import pytest

from prunestudy.run.interrupts import deaf
from tests.faults.conftest import PATIENCE, family, start, wait_for_peace
from tests.workflow.conftest import STUDY, Checkout, contents

GOES_ON = "What is finished is kept, and the next run goes on from the last epoch"


def begun(place: Checkout) -> bool:
    """Whether jobs are at work: the first artifacts of the study are there."""
    return any((place.folder / "data" / STUDY).rglob("*.json"))


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGINT],
        [signal.SIGINT, signal.SIGINT],
        [signal.SIGTERM],
        [signal.SIGHUP],
        [signal.SIGQUIT],
    ],
    ids=["Ctrl-C", "Ctrl-C twice", "kill", "closed terminal", "quit"],
)
def test_an_interrupted_study_ends_soon_and_goes_on_later(
    finished: Checkout, fresh: Checkout, signals: list[signal.Signals]
) -> None:
    run = start(fresh)
    while not begun(fresh):
        assert run.poll() is None
        time.sleep(0.1)
    time.sleep(5)
    for one in signals:
        # A terminal signals its foreground group, in which this process is alone.
        os.killpg(run.pid, one)
        time.sleep(0.5)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    assert GOES_ON in output
    assert output.rstrip().endswith("prunestudy study: interrupted")
    wait_for_peace(fresh, seconds=10)
    again = start(fresh)
    output, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, output
    assert contents(fresh) == contents(finished)


# Commands, and seconds from one moment at which they are interrupted to the next, and to the last.
MOMENTS = {
    "check": (0.1, 0.8),
    "status": (0.1, 0.8),
    "run": (0.25, 5),
    "study": (0.25, 5),
}
FEW_LINES = 4


@pytest.mark.parametrize("command", MOMENTS)
def test_an_interrupt_at_any_moment_is_a_few_words(fresh: Checkout, command: str) -> None:
    step, last = MOMENTS[command]
    options = ("--study", STUDY) if command == "study" else ("--params", f"studies/{STUDY}.yaml")
    for moment in range(int(last / step) + 1):
        with deaf():
            # What comes while the interpreter itself begins waits for the command.
            run = start(fresh, "prunestudy", command, *options)
        time.sleep(moment * step)
        begin = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=60)
        where = f"after {moment * step:.2f} s: {run.returncode}\n{output}"
        if run.returncode == 0:
            # On a fast machine it has ended by itself.
            assert command in ("check", "status"), where
            continue
        assert run.returncode == 130, where
        assert time.monotonic() - begin < 15, where
        assert "Traceback" not in output, where
        assert "rror in" not in output, where
        assert output.rstrip().endswith("interrupted") or GOES_ON in output, where
        after = output.partition("interrupted")[2]
        assert len(after.splitlines()) <= FEW_LINES, where
    wait_for_peace(fresh, seconds=10)


def test_a_study_in_the_background_can_be_ended_too(fresh: Checkout) -> None:
    # A shell without job control has what it starts with & ignore Ctrl-C.
    run = start(fresh, "sh", "-c", f"trap '' INT; exec prunestudy study --study {STUDY}")
    while not begun(fresh):
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 130, output
    wait_for_peace(fresh, seconds=10)


def test_a_paused_study_does_nothing_until_it_goes_on(fresh: Checkout) -> None:
    run = start(fresh)
    while not begun(fresh):
        assert run.poll() is None
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGTSTP)
    time.sleep(3)
    names = {process.status() for process in family(fresh) if "warm" not in process.cmdline()[-1]}
    assert names == {"stopped"}
    os.killpg(run.pid, signal.SIGCONT)
    output, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, output
