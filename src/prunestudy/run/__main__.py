"""``python -m prunestudy.run TOOL PARENT ...``: see ``tool``."""

import sys

from prunestudy.run.tool import main

if __name__ == "__main__":
    sys.exit(main())
