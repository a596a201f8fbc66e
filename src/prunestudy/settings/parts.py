"""Parts: modules found by their name in the folder that is their registry.

Engines load the parts that a cell names and import none, so that a run key covers those alone.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from prunestudy.errors import StudyError
from prunestudy.settings.source import ARGUMENTS, COUNTS
from prunestudy.settings.user_code import user_code
from prunestudy.settings.user_modules import user_modules


def part_module(folder: str, name: str) -> str:
    """Dotted name of the module of a part."""
    return f"{folder}.{name}"


def load_part(folder: str, name: str) -> ModuleType:
    """The module of a part, e.g. ``load_part("prunestudy.training.metrics", "r2")``."""
    return importlib.import_module(part_module(folder, name))


def part_names(folder: str) -> tuple[str, ...]:
    """The parts that lie in a folder, by their files."""
    package = importlib.import_module(folder)
    return tuple(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if module.name != "settings"
    )


def is_dotted(name: str) -> bool:
    """Whether the name of a part is a dotted path to a function of the user's."""
    return "." in name


def load_function(dotted: str, arguments: int = ARGUMENTS) -> Callable[..., Any]:
    """Load a function of the user's, from a module in the project's folder.

    Args:
        arguments: how many it is called with.

    Raises:
        StudyError: the module cannot be loaded, or not as it was read, or has no such function, or
            one that cannot be called as it is.
    """
    name, _, function = dotted.rpartition(".")
    code = user_code(name, Path.cwd())
    if code.problems:
        raise StudyError(f"{dotted}: cannot be loaded ({'; '.join(code.problems)})")
    modules = user_modules(code)
    try:
        found = getattr(modules.load(name), function)
    except StudyError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".replace(f"{modules.space}.", "")
        raise StudyError(f"{dotted}: cannot be loaded ({reason})") from error
    if not callable(found):
        raise StudyError(f"{dotted}: is no function but of type {type(found).__name__}")
    try:
        inspect.signature(found).bind(*[None] * arguments)
    except TypeError as error:
        raise StudyError(f"{dotted}: is called with {COUNTS[arguments]} ({error})") from None
    except ValueError:
        # It is of another language, and has no signature that could be looked at.
        pass
    return found
