"""What a study may run, read and open: nothing but what its parameters name."""

import ast
import re
from pathlib import Path

import pytest

SOURCES = ("src", "workflow", "tests")
# Ways to run code or read objects from bytes.
FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "torch.load",
    "torch.save",
    "torch.jit.load",
    "torch.hub.load",
    "pickle.load",
    "pickle.loads",
    "pickle.dump",
    "pickle.dumps",
    "dill.load",
    "joblib.load",
    "marshal.loads",
    "shelve.open",
    "yaml.load",
    "yaml.unsafe_load",
    "pandas.read_pickle",
    "pd.read_pickle",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
# What loads a pickle: a table of a package, by its digest, of what tables are made of alone.
PICKLES = "src/prunestudy/data/pickles.py"
# The places that import what parameters name: a part of the library, a file of the user's.
USER_CODE = (
    "src/prunestudy/settings/parts.py",
    "src/prunestudy/settings/user_modules.py",
)


def python_files(root: Path) -> list[Path]:
    """Every Python file of the library and of its rules."""
    return [
        file for folder in ("src", "workflow") for file in sorted((root / folder).rglob("*.py"))
    ]


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of a name or an attribute, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def flaws(text: str) -> list[str]:
    """Calls and imports of a source text that could run or unpickle what it reads."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN:
                found.append(name)
            if name.endswith((".load", "np.load")) and name.startswith(("np.", "numpy.")):
                words = {word.arg: word.value for word in node.keywords}
                allowed = words.get("allow_pickle")
                if not (isinstance(allowed, ast.Constant) and allowed.value is False):
                    found.append(f"{name} without allow_pickle=False")
            for word in node.keywords:
                if word.arg == "shell" and not (
                    isinstance(word.value, ast.Constant) and word.value.value is False
                ):
                    found.append(f"{name}(shell=…)")
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found.append(str(node.module))
    return found


def test_the_library_unpickles_and_evaluates_nothing(root: Path) -> None:
    files = python_files(root)
    assert len(files) > 80
    for file in files:
        allowed = ["pickle"] if file == root / PICKLES else []
        assert flaws(file.read_text(encoding="utf-8")) == allowed, file


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.load('x')",
        "from pickle import loads",
        "import pickle",
        "eval('1')",
        "np.load('x')",
        "np.load('x', allow_pickle=True)",
        "subprocess.run('ls', shell=True)",
        "pd.read_pickle('x')",
    ],
)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert flaws(text)


def test_only_dotted_paths_of_the_user_are_imported_by_name(root: Path) -> None:
    importing = [
        file.relative_to(root).as_posix()
        for file in python_files(root)
        if re.search(r"import_module\(|__import__\(", file.read_text(encoding="utf-8"))
    ]
    # The others import modules of the library that its own tables name.
    own = ["src/prunestudy/run/forkserver.py", "src/prunestudy/steps/job.py"]
    assert sorted(importing) == sorted([*USER_CODE, *own])


def test_pages_of_mlflow_are_served_on_loopback_alone(root: Path) -> None:
    text = (root / "src/prunestudy/cli/change.py").read_text(encoding="utf-8")
    assert re.findall(r'"--host", "([^"]+)"', text) == ["127.0.0.1"]
    assert "0.0.0.0" not in text


def test_every_package_is_pinned_and_none_is_a_compromised_release(root: Path) -> None:
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 100
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!_-]+", pin) for pin in pins)
    named = dict(pin.lower().split("==") for pin in pins)
    assert "lightning" not in named
    assert named["pytorch-lightning"] not in ("2.6.2", "2.6.3")


def test_no_line_of_the_lock_file_names_a_host_or_a_folder(root: Path) -> None:
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text
