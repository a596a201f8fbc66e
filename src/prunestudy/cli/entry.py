"""The entry point: a warm process runs the command where there is one, else this one does."""

import sys

from prunestudy.run import forkserver as warm


def main() -> int:
    """Run the command line."""
    try:
        code = warm.delegate(sys.argv[1:])
    except KeyboardInterrupt:
        print(f"prunestudy {sys.argv[1]}: interrupted", file=sys.stderr)
        return 130
    if code is not None:
        return code
    from prunestudy.cli import main as cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
