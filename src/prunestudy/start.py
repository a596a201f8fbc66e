"""The entry point: a warm process runs the command where there is one, else this one does."""

import sys

from prunestudy import warm


def main() -> int:
    """Run the command line."""
    code = warm.delegate(sys.argv[1:])
    if code is not None:
        return code
    from prunestudy import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
