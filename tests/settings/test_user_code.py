"""User code: what is loaded is what is digested, in every layout of a project; or it is refused."""

import importlib
import itertools
import os
import py_compile
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunestudy.errors import ParamsError, StudyError
from prunestudy.params.reader import check_study
from prunestudy.plan.fingerprint import user_digests
from prunestudy.settings.parts import load_function
from prunestudy.settings.user_code import forget, user_code

Files = dict[str, str]
USE = "def f(*_): return VALUE\n"
HELPER = {"helper.py": "VALUE = 'mine'\n"}
PACKAGE = {"pkg/__init__.py": "", "pkg/mod.py": "VALUE = 'mine'\n"}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave no module, finder or place of the tests' projects behind."""
    path, finders, modules = list(sys.path), list(sys.meta_path), set(sys.modules)
    yield
    sys.path[:], sys.meta_path[:] = path, finders
    sys.path_importer_cache.pop(".", None)
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    forget()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    forget()


def executed(folder: Path) -> set[str]:
    """Files of a folder that are loaded as modules of whatever name."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    paths = [Path(file) for file in files if file]
    return {str(path.relative_to(folder)) for path in paths if path.is_relative_to(folder)}


# Layout and the way to import → the criterion, and the files that it runs.
LOADED: dict[str, tuple[Files, str, set[str]]] = {
    "alone": ({"own.py": "VALUE = 'mine'\n" + USE}, "own.f", {"own.py"}),
    "import": (
        {**HELPER, "own.py": "import helper\ndef f(*_): return helper.VALUE\n"},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "import as": (
        {**HELPER, "own.py": "import helper as other\ndef f(*_): return other.VALUE\n"},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "from": (
        {**HELPER, "own.py": "from helper import VALUE\n" + USE},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "star": (
        {**HELPER, "own.py": "from helper import *\n" + USE},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "late": (
        {**HELPER, "own.py": "def f(*_):\n    import helper\n    return helper.VALUE\n"},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "condition": (
        {
            **HELPER,
            "own.py": "try:\n    import no_such_package\nexcept ImportError:\n"
            "    from helper import VALUE\n" + USE,
        },
        "own.f",
        {"own.py", "helper.py"},
    ),
    "__import__": (
        {**HELPER, "own.py": "VALUE = __import__('helper').VALUE\n" + USE},
        "own.f",
        {"own.py", "helper.py"},
    ),
    "dotted": (
        {**PACKAGE, "own.py": "import pkg.mod\ndef f(*_): return pkg.mod.VALUE\n"},
        "own.f",
        {"own.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "dotted as": (
        {**PACKAGE, "own.py": "import pkg.mod as mod\ndef f(*_): return mod.VALUE\n"},
        "own.f",
        {"own.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "from package": (
        {**PACKAGE, "own.py": "from pkg import mod\ndef f(*_): return mod.VALUE\n"},
        "own.f",
        {"own.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "star of a package": (
        {
            **PACKAGE,
            "pkg/__init__.py": "__all__ = ['mod']\n",
            "own.py": "from pkg import *\ndef f(*_): return mod.VALUE\n",
        },
        "own.f",
        {"own.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "relative": (
        {**PACKAGE, "pkg/own.py": "from .mod import VALUE\n" + USE},
        "pkg.own.f",
        {"pkg/own.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "relative, up": (
        {
            **PACKAGE,
            "pkg/in/own.py": "",
            "pkg/inner/__init__.py": "",
            "pkg/inner/own.py": "from .. import mod\ndef f(*_): return mod.VALUE\n",
        },
        "pkg.inner.own.f",
        {"pkg/__init__.py", "pkg/mod.py", "pkg/inner/__init__.py", "pkg/inner/own.py"},
    ),
    "a package itself": (
        {"own/__init__.py": "VALUE = 'mine'\n" + USE},
        "own.f",
        {"own/__init__.py"},
    ),
    "package without a marker": (
        {
            "space/own.py": "from . import mod\nfrom space.mod import VALUE\n" + USE,
            "space/mod.py": "VALUE = 'mine'\n",
        },
        "space.own.f",
        {"space/own.py", "space/mod.py"},
    ),
    "a missing submodule loads its package": (
        {
            "pkg/__init__.py": "VALUE = 'mine'\n",
            "own.py": "try:\n    import pkg.absent\nexcept ImportError:\n    pass\n"
            "from pkg import VALUE\n" + USE,
        },
        "own.f",
        {"own.py", "pkg/__init__.py"},
    ),
    "circle": (
        {"own.py": "import other\nVALUE = 'mine'\n" + USE, "other.py": "import own\n"},
        "own.f",
        {"own.py", "other.py"},
    ),
    "called like Python's": ({"os.py": "VALUE = 'mine'\n" + USE}, "os.f", {"os.py"}),
    "called like a package": ({"torch.py": "VALUE = 'mine'\n" + USE}, "torch.f", {"torch.py"}),
    "called like this library": (
        {"prunestudy/own.py": "VALUE = 'mine'\n" + USE},
        "prunestudy.own.f",
        {"prunestudy/own.py"},
    ),
    "beside a file called like a package": (
        {
            "own.py": "import statistics as s\nVALUE = 'mine' if s.mean([1]) == 1 else ''\n" + USE,
            "numpy.py": "raise RuntimeError\n",
        },
        "own.f",
        {"own.py"},
    ),
    "another encoding": (
        {"own.py": "# coding: utf-8\nVALUE = 'mine'\n" + USE},
        "own.f",
        {"own.py"},
    ),
}


@pytest.mark.parametrize("layout", LOADED)
def test_what_is_loaded_is_what_is_digested(project: Path, layout: str, content: dict[str, Any]):
    files, criterion, expected = LOADED[layout]
    write(project, files)
    check_study(with_criterion(content, criterion))
    assert load_function(criterion)() == "mine"
    assert executed(project) == expected
    code = user_code(criterion.rpartition(".")[0], project)
    assert {str(one.path.relative_to(project)) for one in code.modules.values()} == expected
    before = user_digests([criterion])
    for name in {*expected, *files}:
        text = (project / name).read_text(encoding="utf-8")
        write(project, {name: text + "\nMORE = 1\n"})
        assert (user_digests([criterion]) != before) == (name in expected), name
        write(project, {name: text})
    assert user_digests([criterion]) == before


REFUSED: dict[str, tuple[Files, str, str]] = {
    "called like Python's": (
        {"own.py": "import random\n" + USE, "random.py": ""},
        "own.f",
        "own.py imports 'random', which is in the project's folder and a package as well",
    ),
    "called like a package": (
        {"own.py": "def f(*_):\n    from torch import nn\n", "torch.py": ""},
        "own.f",
        "own.py imports 'torch', which is in the project's folder and a package as well",
    ),
    "a module in a folder called like a package": (
        {"own.py": "import numpy.mine\n" + USE, "numpy/mine.py": ""},
        "own.f",
        "own.py imports 'numpy', which is in the project's folder and a package as well",
    ),
    "called like this library": (
        {"own.py": "import prunestudy\n" + USE, "prunestudy/__init__.py": ""},
        "own.f",
        "own.py imports 'prunestudy', which is in the project's folder and a package as well",
    ),
    "itself called like what it imports": (
        {"os.py": "import os\n" + USE},
        "os.f",
        "os.py imports 'os', which is in the project's folder and a package as well",
    ),
    "ambiguous further in": (
        {"own.py": "import helper\n" + USE, "helper.py": "import json\n", "json.py": ""},
        "own.f",
        "helper.py imports 'json', which is",
    ),
    "file and folder": (
        {"own.py": "import pkg\n" + USE, "pkg.py": "", "pkg/__init__.py": ""},
        "own.f",
        "pkg.py and pkg/__init__.py are one module by name",
    ),
    "import_module": (
        {**HELPER, "own.py": "import importlib\nimportlib.import_module('helper')\n" + USE},
        "own.f",
        "own.py calls import_module for 'helper'; write an import statement instead",
    ),
    "import_module, relative": (
        {
            **PACKAGE,
            "pkg/own.py": "from importlib import import_module\n"
            "import_module('.mod', __package__)\n" + USE,
        },
        "pkg.own.f",
        "pkg/own.py calls import_module for 'pkg.mod'",
    ),
    "relative without a package": (
        {**HELPER, "own.py": "from . import helper\n" + USE},
        "own.f",
        "own.py imports",
    ),
    "relative beyond the package": (
        {**PACKAGE, **HELPER, "pkg/own.py": "from ..helper import VALUE\n" + USE},
        "pkg.own.f",
        "pkg/own.py imports helper from beyond its package",
    ),
    "absent": (
        {"own.py": "import nothing_of_this_name\n" + USE},
        "own.f",
        "own.py imports 'nothing_of_this_name', which is neither in the project's folder nor",
    ),
    "absent in a package": (
        {**PACKAGE, "own.py": "from pkg.absent import VALUE\n" + USE},
        "own.f",
        "own.py imports 'pkg.absent', which is not in the project's folder",
    ),
    "broken further in": (
        {"own.py": "import helper\n" + USE, "helper.py": "def (:\n"},
        "own.f",
        "helper.py is not valid Python",
    ),
}


@pytest.mark.parametrize("layout", REFUSED)
def test_what_is_ambiguous_is_refused_by_the_check(
    project: Path, layout: str, content: dict[str, Any]
):
    files, criterion, reason = REFUSED[layout]
    write(project, files)
    with pytest.raises(ParamsError) as caught:
        check_study(with_criterion(content, criterion))
    assert reason in str(caught.value)
    with pytest.raises(StudyError, match="cannot be loaded"):
        load_function(criterion)
    assert executed(project) == set()


def with_criterion(content: dict[str, Any], criterion: str) -> dict[str, Any]:
    return {**content, "methods": {"mine": {"criterion": criterion}}}


# Known when it runs, and no earlier.
DYNAMIC = {
    "a name that is computed": "import importlib\nimportlib.import_module('hel' + 'per')\n",
    "__import__ of one": "__import__('hel' + 'per')\n",
    "of this module's space": "import importlib\nspace = __name__.partition('.')[0]\n"
    "importlib.import_module(space + '.helper')\n",
    "relative to it": "__import__('hel' + 'per', globals(), None, (), 1)\n",
    "by the path": "import sys, importlib\nsys.path.insert(0, str(__file__).rpartition('/')[0])\n"
    "importlib.import_module('hel' + 'per')\n",
    "by the path, from elsewhere": "import sys, importlib\nsys.path.append('.')\n"
    "importlib.import_module('hel' + 'per')\n",
}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("how", DYNAMIC)
def test_what_no_key_knows_of_does_not_run(project: Path, how: str, late: bool):
    code = textwrap.indent(DYNAMIC[how], "    ") if late else DYNAMIC[how]
    text = f"def f(*_):\n{code}" if late else code + "def f(): ...\n"
    write(project, {"own.py": text, "helper.py": "from pathlib import Path\nPath('ran').touch()\n"})
    with pytest.raises((StudyError, ModuleNotFoundError), match="helper"):
        load_function("own.f")()
    assert not (project / "ran").exists()


def test_a_file_that_is_not_in_the_key_is_named(project: Path):
    write(project, {"own.py": "def f(*_):\n    " + DYNAMIC["relative to it"], **HELPER})
    function = load_function("own.f")
    with pytest.raises(StudyError, match=r"^helper\.py is imported by your code, but is not in"):
        function()


@pytest.mark.parametrize("name", ["own.py", "helper.py"])
@pytest.mark.parametrize("edit", ["VALUE = 'other'\n", "def (:\n"])
def test_an_edit_after_the_plan_is_refused(project: Path, name: str, edit: str):
    write(project, {**HELPER, "own.py": "from helper import VALUE\n" + USE})
    user_digests(["own.f"])
    with (project / name).open("a", encoding="utf-8") as file:
        file.write(edit)
    with pytest.raises(StudyError, match=rf"{name} was edited since this job was planned; run the"):
        load_function("own.f")


def test_bytecode_that_lies_there_is_not_run(project: Path):
    """Python takes it for current if size and time of the source are the same."""
    write(project, {**HELPER, "own.py": "from helper import VALUE\n" + USE})
    stale = Path(py_compile.compile("helper.py", doraise=True))
    times = (project / "helper.py").stat().st_mtime_ns
    write(project, {"helper.py": "VALUE = 'ours'\n"})
    os.utime(project / "helper.py", ns=(times, times))
    assert stale.exists()
    assert load_function("own.f")() == "ours"


def test_no_file_of_the_project_stands_in_for_a_package(project: Path):
    write(
        project,
        {
            "own.py": "def f(*_):\n    import numpy\n    return numpy\n",
            **dict.fromkeys(("colorsys.py", "torch.py"), "raise RuntimeError\n"),
        },
    )
    assert load_function("own.f")() is np
    assert "/project/" not in str(importlib.import_module("colorsys").__file__)
    assert str(project) not in sys.path
    assert "own" not in sys.modules


def test_the_command_line_takes_no_package_from_the_project(project: Path, root: Path):
    names = ("pydantic", "numpy", "torch", "yaml")
    write(project, {f"{name}.py": "raise RuntimeError\n" for name in names})
    shutil.copy(root / "tests" / "studies" / "smoke.yaml", project / "params.yaml")
    # As the interpreter puts it there, without -P.
    command = [sys.executable, "-m", "prunestudy.cli.entry", "check"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("what", ["file", "folder"])
def test_links_are_read_and_run_alike(project: Path, tmp_path: Path, what: str):
    outside = tmp_path / "outside"
    write(outside, {"own.py": "VALUE = 'mine'\n" + USE})
    if what == "file":
        (project / "own.py").symlink_to(outside / "own.py")
    else:
        (project / "pkg").symlink_to(outside)
    criterion = "own.f" if what == "file" else "pkg.own.f"
    before = user_digests([criterion])
    assert load_function(criterion)() == "mine"
    write(outside, {"own.py": "VALUE = 'ours'\n" + USE})
    assert user_digests([criterion]) != before
    assert load_function(criterion)() == "ours"


def test_versions_of_a_file_do_not_mix(project: Path):
    write(project, {**HELPER, "own.py": "from helper import VALUE\n" + USE})
    first = load_function("own.f")
    assert load_function("own.f") is first
    write(project, {"helper.py": "VALUE = 'ours'\n"})
    assert load_function("own.f")() == "ours"
    assert first() == "mine"


def test_what_user_code_imports_of_the_library_is_in_its_digest(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from prunestudy.plan import fingerprint

    libraries = (fingerprint.library_root(), tmp_path / "edited")
    shutil.copytree(
        libraries[0] / "prunestudy/pruning", libraries[1] / "prunestudy/pruning", dirs_exist_ok=True
    )
    part = libraries[1] / "prunestudy/pruning/criteria/magnitude.py"
    part.write_text(part.read_text(encoding="utf-8") + "\nMORE = 1\n", encoding="utf-8")
    digests = []
    for library, text in itertools.product(
        libraries, ("", "from prunestudy.pruning.criteria import magnitude\n")
    ):
        monkeypatch.setattr(fingerprint, "library_root", lambda library=library: library)
        write(project, {"own.py": text + "def f(*_): ...\n"})
        digests.append(user_digests(["own.f"])["own.f"])
    assert digests[0] == digests[2]
    assert digests[1] != digests[3]
