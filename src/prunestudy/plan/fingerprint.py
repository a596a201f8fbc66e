"""Digests of source code: what a step's numbers depend on, and nothing else.

A digest covers modules and everything they import inside their own root, over the syntax tree
without comments and docstrings, so that wording never reruns a training. Parts are not imported
but found by their names: a cell's digest covers the ones that it names and no others.
"""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.settings.parts import is_dotted
from prunestudy.settings.source import NotPython, imports_of, tree_digest, tree_of
from prunestudy.settings.user_code import UserCode, user_code
from prunestudy.store.files import file_digest, text_digest

PACKAGE = "prunestudy"
# Data beside the code, such as a page's template, decides the outcome as well.
DATA = frozenset({".html", ".css", ".js", ".bib", ".toml"})
# What decides no number: how files are written, what runs when, what people type. Typed settings
# stay out as well, since their values are in the keys themselves.
READING = (
    "reader",
    "renames",
    "cross_checks",
    "data_checks",
    "objective_checks",
    "plugin_checks",
    "reference",
)
INFRASTRUCTURE = tuple(
    f"{PACKAGE}.{room}"
    for room in (
        *("errors", "settings", "store", "plan", "steps", "run", "cli"),
        *(f"params.{name}" for name in READING),
    )
)
SETTINGS = "settings"


def library_root() -> Path:
    """Folder that holds the installed ``prunestudy`` package."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ImportError(f"package {PACKAGE} is not installed")
    return Path(spec.origin).parent.parent


@cache
def source_digest(modules: tuple[str, ...], root: Path | None = None) -> str:
    """sha256 over the import closures of ``modules`` inside ``root`` (default: the library).

    Raises:
        StudyError: one of them has no source file there.
    """
    place = root or library_root()
    closure: dict[str, Path] = {}
    for module in modules:
        closure |= import_closure(module, place)
        if module not in closure:
            raise StudyError(f"module '{module}' has no source file under {place}")
    return _listed({name: _file_digest(path) for name, path in closure.items()})


def user_digests(names: Iterable[str]) -> dict[str, str]:
    """Source digests of the user's functions, given by dotted paths.

    Each covers its module with all that it imports from the project's folder, and what those
    import of the library.
    """
    return {
        name: _user_digest(user_code(name.rpartition(".")[0], Path.cwd()))
        for name in sorted(names)
        if is_dotted(name)
    }


@cache
def _user_digest(code: UserCode) -> str:
    if code.problems:
        raise StudyError("; ".join(code.problems))
    digests = {name: module.digest for name, module in code.modules.items()}
    for name, module in code.modules.items():
        digests |= {one: _file_digest(file) for one, file in _data_of(name, module.path).items()}
    for name in code.library:
        closure = import_closure(name, library_root())
        digests |= {one: _file_digest(file) for one, file in closure.items()}
    return _listed(digests)


def _listed(digests: dict[str, str]) -> str:
    return text_digest("\n".join(f"{name} {digest}" for name, digest in sorted(digests.items())))


@cache
def import_closure(module: str, root: Path) -> dict[str, Path]:
    """Modules that ``module`` imports, itself included, with their package data: name → file."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _module_file(name, root)
        if name in found or is_infrastructure(name) or path is None:
            continue
        found[name] = path
        found |= _data_of(name, path)
        waiting += _imports(name, path)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


def _data_of(name: str, path: Path) -> dict[str, Path]:
    """Data that lies in a package, by its name."""
    if path.name != "__init__.py":
        return {}
    data = (file for file in sorted(path.parent.iterdir()) if file.suffix in DATA)
    return {f"{name}/{file.name}": file for file in data}


def is_infrastructure(name: str) -> bool:
    """Whether a module of the library is in no run key."""
    rooms = any(name == room or name.startswith(f"{room}.") for room in INFRASTRUCTURE)
    return rooms or (name.startswith(f"{PACKAGE}.") and name.endswith(f".{SETTINGS}"))


def _module_file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports(name: str, path: Path) -> list[str]:
    return [one.name for one in imports_of(_tree(path), name, path.name == "__init__.py")]


@cache
def _tree(path: Path) -> ast.Module:
    try:
        return tree_of(path.read_bytes(), path)
    except NotPython as error:
        raise StudyError(str(error)) from None


@cache
def _file_digest(path: Path) -> str:
    return file_digest(path) if path.suffix in DATA else tree_digest(_tree(path))
