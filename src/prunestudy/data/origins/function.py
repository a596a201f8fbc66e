"""A function of the user's own that takes nothing and returns the arrays (inputs, targets).

A plan knows its source only, so it is called by the job that prepares the data; what it returns is
described there.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files
from prunestudy.data.division import divided
from prunestudy.data.own_arrays import problems_of_inputs, problems_of_values, targets_of
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem, StudyError
from prunestudy.settings.parts import load_function


def content(_data: Data) -> dict[str, str]:
    """Nothing: the function's source is in the key, as all user code is."""
    return {}


def describe(data: Data) -> Dataset:
    """What is known before it is called: nothing but its name."""
    return Dataset(
        title=str(data.function),
        target=data.target_kind or "value",
        input_shape=(),
        members=(),
        read=_untold,
        untold=partial(_called, data),
    )


def _untold(_files: Files) -> Arrays:
    raise StudyError("a function's arrays are read by the data set that it tells of")


def _called(data: Data, before: Dataset) -> Dataset:
    """The data set that the function returns.

    Raises:
        DataError: it fails, or what it returns cannot be used, or not be divided as wanted.
    """
    name = str(data.function)
    function = load_function(name, arguments=0)
    try:
        returned = function()
    except (Exception, SystemExit) as error:
        reason = f"{name} failed ({type(error).__name__}: {error})"
        raise DataError([Problem("function", reason)]) from error
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        reason = f"{name} returned {_told(returned)}; return two arrays: inputs, targets"
        raise DataError([Problem("function", reason)])
    inputs, given = returned
    targets, problems = targets_of(given, data.target_kind)
    rows = len(given) if isinstance(given, np.ndarray) and given.ndim else 0
    problems += problems_of_inputs(inputs, rows) or problems_of_values(inputs)
    if problems or targets is None:
        raise DataError([Problem("function", f"{name}: {one.reason}") for one in problems])
    arrays = Arrays(inputs, targets.values)
    made = replace(
        before,
        target=targets.kind,
        input_shape=inputs.shape[1:],
        read=lambda _files: arrays,
        classes=targets.classes,
        inputs="images" if inputs.ndim == 4 else "numbers",
        untold=None,
    )
    divided(arrays, made, data)
    return made


def _told(returned: Any) -> str:
    if isinstance(returned, (tuple, list)):
        return f"{len(returned)} values"
    return f"a value of type {type(returned).__name__}"
