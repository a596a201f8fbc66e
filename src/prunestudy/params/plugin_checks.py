"""Dotted paths to the user's code: whether file and function are there. Read, not run."""

import ast
from pathlib import Path

from prunestudy.errors import Problem
from prunestudy.params.settings import Study
from prunestudy.pruning.settings import ClosedLoop, criteria_of
from prunestudy.settings.parts import is_dotted


def problems_of_user_code(study: Study) -> list[Problem]:
    """Criteria of the user's without a file or a function."""
    problems = []
    for name, method in study.methods.items():
        place = "controller.criteria" if isinstance(method, ClosedLoop) else "criterion"
        for criterion in criteria_of(method):
            reason = _problem_of(criterion) if is_dotted(criterion) else ""
            if reason:
                problems.append(Problem(f"methods.{name}.{place}", reason))
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
