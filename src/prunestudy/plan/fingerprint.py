"""Digests of source code: what a step's numbers depend on, and nothing else.

A digest covers a module and everything it imports inside its own root, over the syntax tree
without comments and docstrings, so that wording never reruns a training.
"""

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from prunestudy.errors import StudyError

PACKAGE = "prunestudy"
# What cannot change a number: types whose values are in the keys anyway, the plan, errors.
DATA = frozenset({".html", ".css", ".js", ".bib", ".toml"})
NOT_NUMERIC = frozenset(
    f"{PACKAGE}.{name}"
    for name in ("cli", "errors", "params", "params_file", "plan", "source", "status")
)


def library_root() -> Path:
    """Folder that holds the installed ``prunestudy`` package."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ImportError(f"package {PACKAGE} is not installed")
    return Path(spec.origin).parent.parent


@cache
def source_digest(module: str, root: Path | None = None) -> str:
    """sha256 over the import closure of ``module`` inside ``root`` (default: the library)."""
    closure = import_closure(module, root or library_root())
    if module not in closure:
        raise StudyError(f"module '{module}' has no source file under {root or library_root()}")
    lines = [f"{name} {_file_digest(path)}" for name, path in sorted(closure.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def import_closure(module: str, root: Path) -> dict[str, Path]:
    """Modules that ``module`` imports, itself included, with their package data: name → file."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _module_file(name, root)
        if name in found or _is_not_numeric(name) or path is None:
            continue
        found[name] = path
        if path.name == "__init__.py":
            # Data beside the code, such as a page's template, decides the outcome as well.
            data = (file for file in sorted(path.parent.iterdir()) if file.suffix in DATA)
            found |= {f"{name}/{file.name}": file for file in data}
        waiting += _imports(name, path)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


def _is_not_numeric(name: str) -> bool:
    return any(name == left or name.startswith(f"{left}.") for left in NOT_NUMERIC)


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
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(_canonical(_tree(path)).encode()).hexdigest()


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
