"""``python -m prunestudy.gpu_check``: run the check, write its page, say whether it passed."""

import sys

from prunestudy.gpu_check.needs import lacking, versions


def main() -> int:
    """Refuse in words what cannot run; what is imported for it is there only afterwards."""
    wanting = lacking(versions())
    if wanting:
        print("\n".join(f"gpu-check: {line}" for line in wanting), file=sys.stderr)
        return 2
    from prunestudy.gpu_check.command import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
