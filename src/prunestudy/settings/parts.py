"""Parts: modules found by their name in the folder that is their registry.

Engines load the parts that a cell names and import none, so that a run key covers those alone.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from prunestudy.errors import StudyError


def part_module(folder: str, name: str) -> str:
    """Dotted name of the module of a part."""
    return f"{folder}.{name}"


def load_part(folder: str, name: str) -> ModuleType:
    """The module of a part, e.g. ``load_part("prunestudy.pruning.criteria", "taylor")``."""
    return importlib.import_module(part_module(folder, name))


def load_function(dotted: str) -> Callable[..., Any]:
    """Import a function of the user's, from a module in the project's folder.

    Raises:
        StudyError: the module cannot be imported or has no such function.
    """
    module, _, function = dotted.rpartition(".")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), function)
    except Exception as error:
        raise StudyError(f"{dotted}: cannot be loaded ({type(error).__name__}: {error})") from error
