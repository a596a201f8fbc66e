"""Criteria of the user's own: named by dotted path, checked, run, and part of the key."""

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from prunestudy.errors import ParamsError, StudyError
from prunestudy.networks.storage import read_network
from prunestudy.params.reader import check_study
from prunestudy.params.settings import Task
from prunestudy.plan.cell import Cell
from prunestudy.plan.fingerprint import user_digests
from prunestudy.plan.plan import Plan
from prunestudy.pruning.trajectory import Inputs, prune
from prunestudy.settings.parts import is_dotted, load_function
from prunestudy.store.tables import read_table
from prunestudy.training.dense import train_dense
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute
from tests.methods import method_of

OWN = """
def last_first(group, evidence):
    return evidence.tensors[group.layer + ".weight"].new_tensor(range(group.size, 0, -1))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder of its own, with one criterion in it."""
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def with_own(content: dict[str, Any], criterion: str = "own.last_first") -> dict[str, Any]:
    """The study with methods that use the criterion."""
    methods = {
        **content["methods"],
        "mine": {"criterion": criterion},
        "loop": {
            "schedule": "closed_loop",
            "allocation": "global",
            "controller": {"criteria": ["random", criterion]},
        },
    }
    return {**content, "methods": methods}


def problems(content: dict[str, Any]) -> dict[str, str]:
    """Every problem of a study: place → the whole line."""
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    return {problem.path: str(problem) for problem in caught.value.problems}


# The check.


def test_a_dotted_path_is_dotted_and_a_known_name_is_not():
    assert is_dotted("own.last_first")
    assert not is_dotted("magnitude")


def test_a_criterion_that_is_there_passes_the_check(project: Path, content: dict[str, Any]):
    assert check_study(with_own(content)).methods["mine"].criterion == "own.last_first"


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        ("absent.function", "needs the file absent.py in the project's folder"),
        ("inner.absent.function", "needs the file inner/absent.py"),
        ("own.first_last", "own.py has no function 'first_last'; its functions: last_first"),
        ("empty.function", "empty.py has no function 'function'; its functions: none"),
        ("broken.function", "broken.py is not valid Python"),
        ("bytes.function", "bytes.py is not valid Python"),
    ],
)
def test_a_criterion_that_is_not_there_is_named_with_its_remedy(
    project: Path, content: dict[str, Any], criterion: str, reason: str
):
    (project / "empty.py").touch()
    (project / "broken.py").write_text("def function(:\n", encoding="utf-8")
    (project / "bytes.py").write_bytes(b"\xff\xfe")
    found = problems(with_own(content, criterion))
    assert set(found) == {"methods.mine.criterion", "methods.loop.controller.criteria"}
    assert all(reason in line for line in found.values())


SIGNATURES = (
    *("", "a", "a, b", "a, b, c", "a, b, c=1", "a=1, b=2", "a, b=1, c=2", "self"),
    *("*a", "a, *b", "a, b, *c", "a, b, c, *d", "**a", "a, **b", "a, b, **c", "*a, **b"),
    *("a, /", "a, /, b", "a, b, /", "a, b, /, c", "a, b, /, c=1"),
    *("a, *, b", "a, b, *, c", "a, b, *, c=1", "*a, b", "*a, b=1"),
)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_criterion_takes_two_arguments(project: Path, content: dict[str, Any], signature: str):
    (project / "own.py").write_text(f"def score({signature}): ...\n", encoding="utf-8")
    try:
        inspect.signature(eval(f"lambda {signature}: 0")).bind(None, None)
    except TypeError:
        found = problems(with_own(content, "own.score"))
        assert set(found) == {"methods.mine.criterion", "methods.loop.controller.criteria"}
        told = f"'score' in own.py takes ({signature}), and is called with two arguments: a unit"
        assert all(told in line for line in found.values())
        with pytest.raises(StudyError, match=r"own\.score: is called with two arguments \("):
            load_function("own.score")
    else:
        check_study(with_own(content, "own.score"))
        assert load_function("own.score")(None, None) is None


@pytest.mark.parametrize(
    "decorator", ["property", "functools.cached_property", "classmethod", "builtins.property"]
)
def test_what_is_decorated_out_of_being_a_function_is_refused(
    project: Path, content: dict[str, Any], decorator: str
):
    text = f"import builtins, functools\n@{decorator}\ndef score(a, b): ...\n"
    (project / "own.py").write_text(text, encoding="utf-8")
    name = decorator.rpartition(".")[2]
    told = f"'score' in own.py is no function under @{name}; leave that out"
    assert all(told in line for line in problems(with_own(content, "own.score")).values())
    with pytest.raises(StudyError, match=r"own\.score: is no function but of type"):
        load_function("own.score")


# What is known once it is loaded: the code, and what is wrong with it, if anything.
LATE = {
    "@functools.lru_cache\ndef score(a, b): ...": "",
    "@functools.partial(functools.partial, c=1)\ndef score(a, b, c): ...": "",
    "@torch.no_grad()\ndef score(a, b): ...": "",
    "def wrong(of): return lambda a: of(a, 0)\n@wrong\ndef score(a, b): ...": "is called with two",
    "def score(a, b): ...\nscore = 3": "is no function but of type int",
    "def score(a, b): ...\nscore = property(score)": "is no function but of type property",
    "def score(a, b): ...\nscore = max": "",
}


@pytest.mark.parametrize("code", LATE)
def test_what_a_criterion_has_become_is_looked_at_when_it_is_loaded(
    project: Path, content: dict[str, Any], code: str
):
    (project / "own.py").write_text(f"import functools, torch\n{code}\n", encoding="utf-8")
    check_study(with_own(content, "own.score"))
    if LATE[code]:
        with pytest.raises(StudyError, match=rf"^own\.score: {LATE[code]}"):
            load_function("own.score")
    else:
        assert callable(load_function("own.score"))


def test_the_check_reads_the_file_and_does_not_run_it(project: Path, content: dict[str, Any]):
    trap = "import pathlib\npathlib.Path('ran').touch()\n" + OWN
    (project / "own.py").write_text(trap, encoding="utf-8")
    Plan(check_study(with_own(content)))
    assert not (project / "ran").exists()
    load_function("own.last_first")
    assert (project / "ran").exists()


@pytest.mark.parametrize(
    "code", ["import nothing_of_this_name\n", "1 / 0\n", "def other(): ...\n", "def f(:\n"]
)
def test_a_module_that_fails_when_it_is_loaded_is_a_sentence(project: Path, code: str):
    (project / "failing.py").write_text(code, encoding="utf-8")
    with pytest.raises(StudyError, match=r"failing\.f: cannot be loaded"):
        load_function("failing.f")


# The key.


def prune_keys(content: dict[str, Any]) -> dict[Cell, str]:
    """Keys of every trajectory of a study."""
    made = Plan(check_study(content)).of_step("prune")
    return {artifact.cell: artifact.key for artifact in made}


@pytest.fixture
def keys_with(
    tmp_path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[Cell, str]]:
    """Keys of every trajectory in a project that holds these modules, each time a new one."""
    numbers = itertools.count()

    def keys(**modules: str) -> dict[Cell, str]:
        folder = tmp_path / f"project{next(numbers)}"
        folder.mkdir()
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.chdir(folder)
        return prune_keys(with_own(content))

    return keys


def moved(before: dict[Any, str], after: dict[Any, str]) -> set[Any]:
    """Cells whose key differs."""
    assert set(before) == set(after)
    return {cell for cell in before if before[cell] != after[cell]}


def test_the_digest_of_the_file_is_a_part_of_the_key(project: Path, content: dict[str, Any]):
    plan = Plan(check_study(with_own(content)))
    for method in ("mine", "loop"):
        params = plan.find("prune", task="digits", seed=0, method=method).parts["params"]
        assert params["user_code"] == user_digests(["own.last_first"])
        assert len(params["user_code"]["own.last_first"]) == 64
    assert (
        "user_code"
        not in plan.find("prune", task="digits", seed=0, method="traditional").parts["params"]
    )


def test_an_edit_of_the_file_reruns_the_methods_that_name_it_alone(keys_with: Callable):
    before = keys_with(own=OWN)
    assert moved(before, keys_with(own=OWN)) == set()
    after = keys_with(own=OWN.replace("return ", "return 2 * "))
    assert moved(before, after) == {cell for cell in before if cell.method in ("mine", "loop")}
    commented = keys_with(own=OWN.replace("return ", "# Why.\n    return 2 * "))
    assert moved(after, commented) == set()


def test_an_edit_of_what_the_file_imports_counts_too(keys_with: Callable):
    own = "from helper import FACTOR\n" + OWN
    before = keys_with(own=own, helper="FACTOR = 1\n")
    assert moved(before, keys_with(own=own, helper="FACTOR = 1\n", other="X = 1\n")) == set()
    after = keys_with(own=own, helper="FACTOR = 2\n")
    assert {cell.method for cell in moved(before, after)} == {"mine", "loop"}


# The run.


@pytest.fixture
def pruned(
    project: Path, content: dict[str, Any], cpu: Compute, prepared_file: Callable
) -> Callable[..., Path]:
    """Run a method on the small diabetes task; the folder of its trajectory."""
    data = prepared_file("diabetes")
    task = Task.model_validate(
        {**content["tasks"]["diabetes"], "network": {"name": "mlp", "hidden": [8]}}
    )
    objective = Objective(task.loss, task.metric)
    train_dense(task.network, objective, task.training, cpu, 0, data, project / "dense", "key")

    def run(name: str, **method: Any) -> Path:
        inputs = Inputs(data, project / "dense")
        prune(task, method_of(**method), [2.0], 0, cpu, inputs, project / name, "key")
        return project / name

    return run


def test_the_criterion_decides_which_units_go(pruned: Callable):
    folder = pruned("mine", criterion="own.last_first")
    spec = read_network(folder / "2.safetensors")[1]
    # A neuron has twelve of the 97 parameters; half of them go with the last five neurons.
    assert spec.removed == {"0": [3, 4, 5, 6, 7]}
    assert read_table(folder / "networks.csv")["point"].tolist() == ["2"]


def test_a_criterion_for_weights_is_called_with_their_names(project: Path, pruned: Callable):
    (project / "own.py").write_text(
        "def only_biggest(name, evidence):\n    return evidence.tensors[name].abs() ** 3\n",
        encoding="utf-8",
    )
    both = {"granularity": "unstructured", "allocation": "global", "score_norm": "none"}
    folders = [
        pruned(name, criterion=criterion, **both)
        for name, criterion in (("mine", "own.only_biggest"), ("peer", "magnitude"))
    ]
    first, second = (read_network(folder / "2.safetensors")[0].state_dict() for folder in folders)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return evidence.tensors[group.layer + '.weight']", "shape"),
        ("return float('nan') * evidence.tensors[group.layer + '.bias']", "not finite"),
    ],
)
def test_scores_that_are_none_end_in_a_sentence_and_leave_nothing(
    project: Path, pruned: Callable, body: str, message: str
):
    (project / "own.py").write_text(f"def wrong(group, evidence):\n    {body}\n", encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        pruned("mine", criterion="own.wrong")
    assert not (project / "mine").exists()


def test_the_example_of_the_manual_runs(project: Path, pruned: Callable, root: Path):
    text = (root / "docs" / "add-a-criterion.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL)
    method = re.search(
        r"```yaml\nmethods:\n  mine: \{criterion: ([\w.]+), allocation: (\w+)\}", text
    )
    assert code is not None
    assert method is not None
    (project / code[1]).write_text(code[2], encoding="utf-8")
    assert len(code[2].strip().splitlines()) <= 10
    folder = pruned("mine", criterion=method[1], allocation=method[2])
    network, spec = read_network(folder / "2.safetensors")
    dense = read_network(project / "dense" / "dense.safetensors")[0]
    ranges = dense[0].weight.amax(dim=1) - dense[0].weight.amin(dim=1)
    gone = spec.removed["0"]
    assert sorted(ranges.argsort()[: len(gone)].tolist()) == gone
    assert network[0].out_features == 8 - len(gone)
