"""Dotted paths: how a parameters file names a function of the user's own."""

import re

DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")
LONGEST_PATH = 200
OWN = {"type": "string", "pattern": DOTTED.pattern, "maxLength": LONGEST_PATH}
OWN_FUNCTION = "or module.function of your own"
