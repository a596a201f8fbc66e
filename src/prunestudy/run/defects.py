"""The last line of defence: an exception that nobody foresaw ends as two lines and a log."""

import os
import sys
from pathlib import Path

# What sysexits.h calls an internal software error.
DEFECT = 70
# Set for the jobs of a run: what they say goes to a log of their own.
LOGGED = "PRUNESTUDY_LOGGED"
PROJECT, LOGS = Path("Snakefile"), Path("logs")


def report(command: str, error: BaseException, debug: bool = False) -> int:
    """Say what happened, and where the traceback is; the exit code."""
    # Every command would start later with what is imported here.
    import traceback

    text = "".join(traceback.format_exception(error))
    if debug or os.environ.get(LOGGED):
        print(text, file=sys.stderr, end="")
        place = "the traceback is above"
    else:
        place = _keep(command, text)
    said = " ".join(str(error).split()) or "no details"
    print(
        f"prunestudy {command}: this is a defect: {type(error).__name__}: {said}\n"
        f"  {place}; what is finished is kept",
        file=sys.stderr,
    )
    return DEFECT


def _keep(command: str, text: str) -> str:
    """Write a traceback into the project's logs, or where temporary files go; where it is."""
    import tempfile
    import time

    name = f"defect-{command}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    reason = ""
    for find in (_logs, tempfile.gettempdir):
        try:
            file = Path(find()) / name
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            reason = str(error)
        else:
            return f"the traceback is in {file}"
    return f"its traceback could not be written ({reason}); --debug shows it"


def _logs() -> Path:
    if not PROJECT.exists():
        raise FileNotFoundError(f"no {PROJECT} here")
    LOGS.mkdir(exist_ok=True)
    return LOGS
