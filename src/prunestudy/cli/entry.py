"""The entry point: a forkserver runs the command where there is one, else this one does."""

import sys
from pathlib import Path

from prunestudy.run.interrupts import end_at_once, hear


def main() -> int:
    """Run the command line; what ends it and what it says are taken care of before all else."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    end_at_once(f"prunestudy {name}: interrupted\n")
    hear()
    # No file of the project may stand in for a package, however this was started.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path.cwd()]
    from prunestudy.run import defects, delegate, streams

    streams.harden()
    try:
        code = delegate.delegate(sys.argv[1:])
        if code is not None:
            return code
        from prunestudy.cli.main import main as run
    except Exception as error:
        return defects.report(name, error, "--debug" in sys.argv)
    return run()


if __name__ == "__main__":
    sys.exit(main())
