"""Code of the user, named by dotted path in the parameters: the only way in which it runs."""

import ast
from pathlib import Path

from prunestudy.errors import Problem
from prunestudy.params import Study
from prunestudy.plan.fingerprint import source_digest
from prunestudy.pruning.settings import ClosedLoop, criteria_of
from prunestudy.settings.parts import load_function

__all__ = ["is_user_code", "load_function", "problems_of_user_code", "user_digests"]


def is_user_code(name: str) -> bool:
    """Whether a criterion's name is a dotted path."""
    return "." in name


def user_digests(names: list[str]) -> dict[str, str]:
    """Source digests of dotted paths: each module with all that it imports from the project."""
    return {
        name: source_digest(name.rpartition(".")[0], Path.cwd())
        for name in sorted(names)
        if is_user_code(name)
    }


def problems_of_user_code(study: Study) -> list[Problem]:
    """Dotted paths without a file or a function; the files are read, not run."""
    problems = []
    for name, method in study.methods.items():
        key = "controller.criteria" if isinstance(method, ClosedLoop) else "criterion"
        for criterion in filter(is_user_code, criteria_of(method)):
            reason = _problem_of(criterion)
            if reason:
                problems.append(Problem(f"methods.{name}.{key}", reason))
    return problems


def _problem_of(dotted: str) -> str:
    module, _, function = dotted.rpartition(".")
    path = Path(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        return f"'{dotted}' needs the file {path} in the project's folder"
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        return f"{path} is not valid Python ({error})"
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function not in names:
        known = ", ".join(names) or "none"
        return f"{path} has no function '{function}'; its functions: {known}"
    return ""
