"""Source code as text: its syntax tree, its digest, and what it imports. Nothing runs.

Digests leave out comments, docstrings and layout, so that wording never reruns a training.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What most of the user's functions are called with; what makes data is called with nothing.
ARGUMENTS = 2
COUNTS = {0: "nothing", 1: "one argument", 2: "two arguments"}
# Decorators that make something else of a function.
NO_FUNCTIONS = ("property", "cached_property", "classmethod")


class NotPython(Exception):
    """A file is not valid Python; says why."""


@dataclass(frozen=True)
class Import:
    """A module that a source may import.

    Attributes:
        name: its absolute name; that of a name in a module is given as if it were a module, too.
        needed: whether nothing works without it: neither a condition nor a name in a module.
        star: whether all that a package names is imported.
        relative: whether it is named from where the source lies.
        call: the function that imports it, where it is no statement.
    """

    name: str
    needed: bool = False
    star: bool = False
    relative: bool = False
    call: str = ""


def tree_of(content: bytes, path: Path) -> ast.Module:
    """The syntax tree of a file's content.

    Raises:
        NotPython: it is not valid Python.
    """
    try:
        return ast.parse(content, filename=str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "nested too deeply, or too little memory to read it"
        raise NotPython(f"{path} is not valid Python ({reason})") from None


def tree_digest(tree: ast.Module) -> str:
    """sha256 of a syntax tree."""
    return hashlib.sha256(_canonical(tree).encode()).hexdigest()


def functions_of(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions that a module defines."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def refusal(function: ast.FunctionDef, arguments: int = ARGUMENTS) -> str:
    """Why a function cannot be called with so many arguments; nothing if it can."""
    decorators = [_called_name(one) for one in function.decorator_list]
    for name in decorators:
        if name in NO_FUNCTIONS:
            return f"is no function under @{name}; leave that out"
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    needed = len(positional) - len(given.defaults)
    keywords = [
        one.arg
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is None
    ]
    fits = needed <= arguments and (len(positional) >= arguments or given.vararg) and not keywords
    # What another decorator makes of it is known when it is loaded.
    if fits or decorators:
        return ""
    return f"takes ({ast.unparse(given)}), and is called with {COUNTS[arguments]}"


def _called_name(node: ast.expr) -> str:
    """The last name of what a decorator is."""
    if isinstance(node, ast.Call):
        return _called_name(node.func)
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))


def imports_of(tree: ast.Module, name: str, is_package: bool) -> Iterator[Import]:
    """Everything that a module may import, in any branch and function.

    A relative import that goes beyond the outermost package has a name that begins with a dot.
    """
    package = name if is_package else name.rpartition(".")[0]
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        needed = id(node) in top
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, needed) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node.module or "", node.level, package)
            names = [alias.name for alias in node.names]
            relative = node.level > 0
            yield Import(base, needed, "*" in names, relative)
            # "from package import module": the name may be a module of its own.
            yield from (Import(f"{base}.{one}", relative=relative) for one in names if one != "*")
        elif isinstance(node, ast.Call):
            yield from _called(node, package)


def _absolute(name: str, level: int, package: str) -> str:
    if level == 0:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return f".{name}"
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *([name] if name else [])])


def _called(node: ast.Call, package: str) -> Iterator[Import]:
    function = node.func
    called = getattr(function, "attr", None) or getattr(function, "id", "")
    given = node.args[0] if node.args else None
    if called not in ("import_module", "__import__") or not isinstance(given, ast.Constant):
        return
    if isinstance(given.value, str) and given.value:
        name = given.value.lstrip(".")
        yield Import(_absolute(name, len(given.value) - len(name), package), call=called)


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
