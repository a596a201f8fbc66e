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
from prunestudy.store.files import file_digest, text_digest

PACKAGE = "prunestudy"
# Data beside the code, such as a page's template, decides the outcome as well.
DATA = frozenset({".html", ".css", ".js", ".bib", ".toml"})
# What decides no number: how files are written, what runs when, what people type. Typed settings
# stay out as well, since their values are in the keys themselves.
READING = ("reader", "renames", "cross_checks", "data_checks", "plugin_checks", "reference")
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
    lines = [f"{name} {_file_digest(path)}" for name, path in sorted(closure.items())]
    return text_digest("\n".join(lines))


def user_digests(names: Iterable[str]) -> dict[str, str]:
    """Source digests of the user's functions, given by dotted paths.

    Each covers its module with all that it imports from the project's folder.
    """
    return {
        name: source_digest((name.rpartition(".")[0],), Path.cwd())
        for name in sorted(names)
        if is_dotted(name)
    }


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
        if path.name == "__init__.py":
            data = (file for file in sorted(path.parent.iterdir()) if file.suffix in DATA)
            found |= {f"{name}/{file.name}": file for file in data}
        waiting += _imports(name, path)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


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
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    names = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                kept = parts[: len(parts) - node.level + 1]
                base = ".".join([*kept, *([base] if base else [])])
            names.append(base)
            # "from package import module": the name may be a module of its own.
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


@cache
def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, ValueError) as error:
        raise StudyError(f"{path} is not valid Python ({error})") from None


@cache
def _file_digest(path: Path) -> str:
    if path.suffix in DATA:
        return file_digest(path)
    return text_digest(_canonical(_tree(path)))


def _canonical(node: object) -> str:
    """Text of a syntax tree that is the same on every Python version and layout."""
    if isinstance(node, ast.AST):
        fields = [
            f"{name}={_canonical(value)}"
            for name, value in ast.iter_fields(node)
            if value not in (None, [])
            and not (isinstance(node, ast.Constant) and name == "kind")
            and name not in ("type_ignores", "ctx", "type_comment")
        ]
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(_canonical(item) for item in node if not _is_docstring(item))}]"
    return repr(node)


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
