"""The entry point: a forkserver runs the command where there is one, else this one does."""

import sys
from pathlib import Path

from prunestudy.run.forkserver import delegate


def main() -> int:
    """Run the command line."""
    # No file of the project may stand in for a package, however this was started.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path.cwd()]
    try:
        code = delegate(sys.argv[1:])
    except KeyboardInterrupt:
        print(f"prunestudy {sys.argv[1]}: interrupted", file=sys.stderr)
        return 130
    if code is not None:
        return code
    from prunestudy.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
