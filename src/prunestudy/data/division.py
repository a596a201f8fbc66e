"""How rows of the user's own divide, and what in that keeps a network from learning them."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset
from prunestudy.data.settings import Data
from prunestudy.errors import DataError, Problem, StudyError

# Each part of a split has one of a class.
LEAST_OF_CLASS = 3
# Of more classes, most of them rare, it is told once that they are hardly classes.
MANY_CLASSES = 20
SHOWN = 12

Rows = dict[str, np.ndarray]


def divided(arrays: Arrays, dataset: Dataset, data: Data) -> Rows:
    """Row numbers of each part; with folds, those of the first.

    Raises:
        DataError: the rows cannot be divided as wanted, or a class, label or value cannot be
            learned from the training rows, or a class has no row to validate on, in any fold.
    """
    # Only where something new is described: they import scikit-learn.
    from prunestudy.data.folds import fold_rows
    from prunestudy.data.split import split_rows

    folds = data.split.folds
    try:
        divisions = (
            [split_rows(arrays, dataset, data)]
            if folds is None
            else [fold_rows(arrays, dataset, data, 0, fold) for fold in range(folds)]
        )
    except StudyError as error:
        raise DataError([Problem("split", _told(error))]) from None
    fewer = "" if data.train_rows is None else ", train_rows"
    remedy = f"change split{fewer}, or what divides the rows"
    for rows in divisions:
        found = _unlearned(arrays.targets, dataset, rows, remedy)
        problems = [Problem("split", one) for one in found]
        if problems:
            raise DataError(problems)
    return divisions[0]


def _told(error: StudyError) -> str:
    """Why rows cannot be divided, in words of this library alone."""
    return re.sub(r" \(.*\)(?=; change)", "", str(error).removeprefix("data.split: "))


def _unlearned(targets: np.ndarray, dataset: Dataset, rows: Rows, remedy: str) -> Iterator[str]:
    """What is predicted of other rows, and cannot be learned from the training rows."""
    train = targets[rows["train"]]
    if dataset.target == "class":
        counts = balance(targets, dataset, rows)
        for number, (name, count) in enumerate(counts.items()):
            if count["train"] and count["validation"]:
                continue
            what = "validate" if count["train"] else "train"
            total = int((targets == number).sum())
            yield f"class '{name}' has {total:,} rows and none of them to {what} on; {remedy}"
        return
    constant = (train == train[0]).all(axis=0)
    where = f"in each of the {len(train):,} training rows, so there is nothing to learn; {remedy}"
    if dataset.target == "value" and constant:
        yield f"the target is {train[0]:g} {where}"
    elif dataset.target == "labels":
        for number in map(int, np.flatnonzero(constant)):
            yield f"label '{dataset.classes[number]}' is {train[0, number]:g} {where}"


def balance(targets: np.ndarray, dataset: Dataset, rows: Rows) -> dict[str, dict[str, int]]:
    """Rows of each class, or ones of each label, by part; nothing of values."""
    if dataset.target == "value":
        return {}
    counts = {
        part: targets[chosen].sum(axis=0)
        if dataset.target == "labels"
        else np.bincount(targets[chosen], minlength=len(dataset.classes))
        for part, chosen in rows.items()
    }
    return {
        name: {part: int(found[number]) for part, found in counts.items()}
        for number, name in enumerate(dataset.classes)
    }


def warnings_of(
    classes: dict[str, dict[str, int]],
    marks: np.ndarray | Sequence[bytes],
    rows: Rows,
    name: str,
    remedy: str = "leave duplicates out",
) -> Iterator[str]:
    """Classes that are not tested, and rows that are on two sides of the split.

    Args:
        classes: their rows by part, as ``balance`` counts them.
        marks: what tells each row from others, all of one length.
        name: of the data.
    """
    untested = [one for one, counts in classes.items() if not counts["test"]]
    if untested:
        told = ", ".join(f"'{one}'" for one in untested[:SHOWN])
        more = f" and {len(untested) - SHOWN:,} more" if len(untested) > SHOWN else ""
        yield f"{name}: no test row is of {told}{more}, so test quality says nothing of that"
    all_marks = np.asarray(marks)
    trained = np.unique(all_marks[rows["train"]])
    for part in ("validation", "test"):
        count = int(np.isin(all_marks[rows[part]], trained).sum())
        if count:
            yield (
                f"{name}: {count:,} of {len(rows[part]):,} {part} rows are training rows as well, "
                f"so quality on them is flattered; {remedy}"
            )


def rare_classes(
    values: np.ndarray, classes: Sequence[str], of: str, *, tell_rows: bool = False
) -> list[str]:
    """Why classes of too few rows cannot be used; nothing if there are none.

    Args:
        values: class numbers, one a row.
        of: what holds the classes, quoted.
        tell_rows: name the rows, from 1.
    """
    counts = np.bincount(values, minlength=len(classes))
    rare = np.flatnonzero(counts < LEAST_OF_CLASS)
    if len(rare) > len(classes) / 2 and len(classes) > MANY_CLASSES:
        return [
            f"{of} has {len(classes):,} different values in {len(values):,} rows, most of them in "
            f"fewer than {LEAST_OF_CLASS}; predict something else, or say target_kind: value if "
            "they are numbers"
        ]
    reasons = []
    for one in map(int, rare):
        count = f"{counts[one]} row{'s' if counts[one] > 1 else ''}"
        if tell_rows:
            numbers = ", ".join(f"{row + 1:,}" for row in np.flatnonzero(values == one))
            count += f" (row {numbers})"
        reasons.append(
            f"class '{classes[one]}' of {of} has {count}, and each class needs {LEAST_OF_CLASS}: "
            "one to train on, to validate and to test; add rows or leave it out"
        )
    return reasons
