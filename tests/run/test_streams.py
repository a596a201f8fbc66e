"""Standard streams: whatever they are connected to, a process does its work to the end."""

import fcntl
import os
import subprocess
import sys
import time
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


FULL = r"""
import os, sys
from prunestudy.run import streams
streams.harden()
stream = getattr(sys, sys.argv[1])
for line in range(int(sys.argv[2])):
    print(f"{line:09}" * 100, file=stream)
problem = streams.flushed()
os.write(2 if stream is sys.stdout else 1, f"{problem}".encode())
"""
LINES = 1000


def room_of(pipe: int) -> None:
    """Have a pipe be as small as it can be, and say so where it is full instead of waiting."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1)
    os.set_blocking(pipe, False)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("reader", ["slow", "gone"])
def test_a_full_pipe_that_does_not_block_is_waited_for(name: str, unbuffered: str, reader: str):
    out, into = os.pipe()
    room_of(into)
    other = "stderr" if name == "stdout" else "stdout"
    process = subprocess.Popen(
        [sys.executable, "-c", FULL, name, str(LINES)],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        **{name: into, other: subprocess.PIPE},
    )
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.readline()
        time.sleep(0.2)
        assert process.poll() is None
        if reader == "slow":
            said += pipe.read()
    told = process.communicate(timeout=30)[other == "stderr"]
    assert process.returncode == 0
    if reader == "slow":
        assert said == b"".join(b"%09d" % line * 100 + b"\n" for line in range(LINES))
        assert told == b"None"
    else:
        assert (name, told) in (("stdout", b"[Errno 32] Broken pipe"), ("stderr", b"None"))
