"""Standard streams: whatever they are connected to, a process does its work to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAY = r"""
import sys
from prunestudy.run import streams
streams.harden({encoding})
print("a dash \u2014 and", chr(0xDCE9), "more")
print("problem \u2014", file=sys.stderr)
problem = streams.flushed()
with open(sys.argv[1], "w") as done:
    done.write(f"{{problem}} {{[os.fstat(one).st_mode > 0 for one in range(3)]}}")
"""
CODE = "import os\n" + SAY


def say(tmp_path: Path, redirect: str = "", encoding: str | None = None, **environment: str):
    """Run a process that says something, with its streams as a shell redirects them."""
    code = CODE.format(encoding=repr(encoding))
    done = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" "$2" {redirect}', sys.executable, code, tmp_path / "done"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return done, (tmp_path / "done").read_text()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, "a dash — and ? more\n".encode()),
        ({"PYTHONIOENCODING": "latin-1"}, b"a dash ? and ? more\n"),
        ({"PYTHONIOENCODING": "ascii:strict"}, b"a dash ? and ? more\n"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, b"a dash ? and ? more\n"),
    ],
)
def test_what_a_terminal_cannot_show_is_replaced(tmp_path: Path, environment, expected: bytes):
    done, _ = say(tmp_path, **environment)
    assert (done.returncode, done.stdout) == (0, expected)
    assert done.stderr.startswith(b"problem ")


def test_a_log_is_utf_8_whatever_the_locale(tmp_path: Path):
    done, _ = say(tmp_path, encoding="utf-8", PYTHONIOENCODING="ascii")
    assert done.stdout == "a dash — and ? more\n".encode()


@pytest.mark.parametrize(
    ("redirect", "problem"),
    [
        (">/dev/full", "[Errno 28] No space left on device"),
        (">/dev/full 2>/dev/full", "[Errno 28] No space left on device"),
        ("2>/dev/full", "None"),
        (">&-", "None"),
        (">&- 2>&-", "None"),
        ("<&- >&- 2>&-", "None"),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_streams_that_take_nothing_end_no_process(
    tmp_path: Path, redirect: str, problem: str, unbuffered: str
):
    done, told = say(tmp_path, redirect, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 0
    assert told == f"{problem} [True, True, True]"
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
