"""User code: the project's modules behind a dotted path, read and judged before anything runs.

What is read here is what a run key digests and all that may be loaded.
"""

import ast
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from prunestudy.settings.source import (
    Import,
    NotPython,
    functions_of,
    imports_of,
    tree_digest,
    tree_of,
)

LIBRARY = __name__.partition(".")[0]


@dataclass(frozen=True)
class UserModule:
    """A module of the user's.

    Attributes:
        digest: of its code.
        functions: those that it defines, by name.
    """

    path: Path
    digest: str
    functions: dict[str, ast.FunctionDef]


@dataclass(frozen=True, eq=False)
class UserCode:
    """A module of the user's with all that it may import from the project's folder.

    Attributes:
        modules: by their names as the user writes them.
        library: what they may import of this library.
        problems: why they cannot be loaded, or not as they were read.
    """

    root: Path
    modules: dict[str, UserModule] = field(default_factory=dict)
    library: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def tops(self) -> set[str]:
        """The names that an absolute import of them begins with."""
        return {name.partition(".")[0] for name in self.modules}


@cache
def user_code(module: str, root: Path) -> UserCode:
    """Read a module and what it imports; once, until ``forget``: a key and a job see one text."""
    code = UserCode(root)
    waiting, seen = [module], set()
    absent: list[tuple[str, str]] = []
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        files = module_files(name, root)
        if len(files) > 1:
            told = " and ".join(str(file.relative_to(root)) for file in files)
            code.problems.append(f"{told} are one module by name; rename one of them")
        for file in files[:1]:
            waiting += [*_outer(name), *_imported(name, file, code, absent)]
    code.problems.extend(
        f"{place} imports '{name}', which is neither in the project's folder nor installed"
        for place, name in absent
        if name.partition(".")[0] not in code.tops
    )
    return code


def forget() -> None:
    """Have user code read anew."""
    user_code.cache_clear()
    _is_installed.cache_clear()


def module_files(name: str, root: Path) -> list[Path]:
    """The files that a module of this name may lie in."""
    base = root.joinpath(*name.split("."))
    # Not with_suffix: a name has no suffix of its own.
    both = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return [file for file in both if file.is_file()]


def _imported(name: str, file: Path, code: UserCode, absent: list[tuple[str, str]]) -> list[str]:
    """Read one file into ``code``; the project's modules that it may import."""
    place = file.relative_to(code.root)
    try:
        tree = tree_of(file.read_bytes(), place)
    except (NotPython, OSError) as error:
        code.problems.append(str(error))
        return []
    code.modules[name] = UserModule(file, tree_digest(tree), functions_of(tree))
    found = []
    for imported in imports_of(tree, name, file.name == "__init__.py"):
        names = [*_outer(imported.name), imported.name]
        if imported.name.startswith("."):
            problem = (
                f"imports {imported.name.strip('.') or 'a module'} from beyond its package; name "
                "it from the project's folder instead"
            )
        elif any(module_files(one, code.root) for one in names):
            problem = _problem_inside(imported, code.root)
            found += names + (_members(imported.name, code.root) if imported.star else [])
        else:
            problem = ""
            if names[0] == LIBRARY:
                code.library.add(imported.name)
            elif imported.needed and not _is_installed(names[0], code.root):
                absent.append((str(place), imported.name))
        if problem:
            code.problems.append(f"{place} {problem}")
    return found


def _problem_inside(imported: Import, root: Path) -> str:
    """Why an import from the project's folder cannot be followed."""
    name, top = imported.name, imported.name.partition(".")[0]
    if not imported.relative and _is_installed(top, root):
        return (
            f"imports '{top}', which is in the project's folder and a package as well; rename the "
            "one in the folder"
        )
    if imported.call == "import_module":
        return f"calls import_module for '{name}'; write an import statement instead"
    is_there = module_files(name, root) or root.joinpath(*name.split(".")).is_dir()
    if imported.needed and not is_there:
        return f"imports '{name}', which is not in the project's folder"
    return ""


def _outer(name: str) -> list[str]:
    """The packages around a module."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _members(package: str, root: Path) -> list[str]:
    """Modules directly in a package: ``import *`` loads those that it lists."""
    folder = root.joinpath(*package.split("."))
    names = {file.stem for file in folder.glob("*.py")}
    names |= {file.parent.name for file in folder.glob("*/__init__.py")}
    return [f"{package}.{name}" for name in sorted(names - {"__init__"})]


@cache
def _is_installed(top: str, root: Path) -> bool:
    """Whether a name is one of Python's or of a package, whatever the project's folder holds."""
    if top == LIBRARY or top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    places = [place for place in sys.path if Path(place).resolve() != root.resolve()]
    return PathFinder.find_spec(top, places) is not None
