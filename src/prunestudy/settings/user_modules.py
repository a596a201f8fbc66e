"""User code, loaded by file: exactly what was read for the run key, and nothing else.

The modules get private names, so that none stands in for a package of the same name and no package
for one of them; the project's folder is not on ``sys.path``.
"""

import builtins
import importlib
import itertools
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from prunestudy.errors import StudyError
from prunestudy.settings.source import NotPython, tree_digest, tree_of
from prunestudy.settings.user_code import UserCode, UserModule, module_files

NUMBERS = itertools.count()


@cache
def user_modules(code: UserCode) -> "UserModules":
    """Where the modules of what was read are loaded, each once."""
    return UserModules(code)


class UserModules(MetaPathFinder):
    """Finds the user's modules under private names, for imports of the user's code alone."""

    def __init__(self, code: UserCode) -> None:
        self.code = code
        self.space = f"_user_code_{next(NUMBERS)}"
        # As it is before the user's code can change it.
        self.path = list(sys.path)
        package = ModuleType(self.space)
        package.__path__ = [str(code.root)]
        sys.modules[self.space] = package
        sys.meta_path.insert(0, self)

    def load(self, name: str) -> ModuleType:
        """The module that the user calls ``name``."""
        return importlib.import_module(f"{self.space}.{name}")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module of the user's lies.

        Raises:
            StudyError: it lies in the project's folder, but was not read for the run key.
        """
        space, _, name = fullname.partition(".")
        if space != self.space:
            if path is None and sys.path != self.path:
                self._refuse_by_path(fullname)
            return None
        folder = self.code.root.joinpath(*name.split("."))
        module = self.code.modules.get(name)
        if module is not None:
            inner = [str(folder)] if module.path.name == "__init__.py" else None
            loader = _Loader(fullname, module, self.importing)
            return spec_from_file_location(
                fullname, module.path, loader=loader, submodule_search_locations=inner
            )
        for file in module_files(name, self.code.root):
            self._refuse(file)
        if any(known.startswith(f"{name}.") for known in self.code.modules):
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            return spec
        return None

    def importing(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What an import statement in the user's code calls."""
        top = name.partition(".")[0]
        if level or top not in self.code.tops:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        found = builtins.__import__(f"{self.space}.{name}", globals, locals, fromlist or (), 0)
        return found if fromlist else sys.modules[f"{self.space}.{top}"]

    def _refuse_by_path(self, name: str) -> None:
        """Refuse what the user's code put on ``sys.path``, if it lies in the project's folder."""
        spec = PathFinder.find_spec(name, [one for one in sys.path if one not in self.path])
        places = [spec.origin] if spec is not None and spec.origin else []
        for place in map(Path, places):
            if place.resolve().is_relative_to(self.code.root.resolve()):
                self._refuse(place)

    def _refuse(self, file: Path) -> None:
        raise StudyError(
            f"{_told(file, self.code.root)} is imported by your code, but is not in the run key; "
            "import it by a statement that names it from the project's folder, then run the study "
            "again"
        )


class _Loader(SourceFileLoader):
    """Runs the source that was read, with the user's own way to import."""

    def __init__(self, name: str, module: UserModule, importing: Any) -> None:
        super().__init__(name, str(module.path))
        self.module = module
        self.importing = importing

    def path_stats(self, path: Any) -> Any:
        """None: bytecode that lies there may be of another version of the file."""
        raise OSError

    def source_to_code(self, data: Any, path: Any, **told: Any) -> Any:  # type: ignore[override]
        """Code of a file's content, if that is what the run key digests."""
        try:
            same = tree_digest(tree_of(data, self.module.path)) == self.module.digest
        except NotPython:
            same = False
        if not same:
            raise StudyError(
                f"{_told(self.module.path, Path.cwd())} was edited since this job was planned; run "
                "the study again"
            )
        return super().source_to_code(data, path, **told)

    def exec_module(self, module: ModuleType) -> None:
        """Run a module; what its statements import is looked up in the project's folder first."""
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": self.importing}
        super().exec_module(module)


def _told(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
