"""The split: rows for training, validation and test, at random, in order of time or by groups."""

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from prunestudy.data.dataset import Arrays, Dataset
from prunestudy.data.settings import Data
from prunestudy.errors import StudyError


def split_rows(arrays: Arrays, dataset: Dataset, data: Data) -> dict[str, np.ndarray]:
    """Row numbers of each part, sorted; stratified where targets are classes.

    Rows with a time are divided in its order, the earliest to train on. Of rows in groups, each
    group is in one part; classes keep about their shares only.

    Raises:
        StudyError: there are too few rows, classes or groups for every part.
    """
    split = data.split
    everything = np.arange(len(arrays.targets))
    strata = arrays.targets if dataset.target == "class" else None
    if arrays.time is not None:
        return _in_order(arrays, arrays.time, data)
    if arrays.test_rows:
        rest, test = everything[: -arrays.test_rows], everything[-arrays.test_rows :]
    else:
        rest, test = _divide(everything, split.test, strata, split.seed, arrays.groups)
    share = split.validation / (1 if arrays.test_rows else 1 - split.test)
    train, validation = _divide(rest, share, strata, split.seed, arrays.groups)
    if data.train_rows is not None and data.train_rows < len(train):
        train = _choose(train, data.train_rows, strata, split.seed)
    return {"train": train, "validation": validation, "test": test}


def _in_order(arrays: Arrays, time: np.ndarray, data: Data) -> dict[str, np.ndarray]:
    """Parts in the order of time; of fewer training rows, the latest."""
    split, total, apart = data.split, len(time), arrays.test_rows
    order = np.argsort(time[: total - apart], kind="stable")
    testing = 0 if apart else int(np.ceil(total * split.test))
    validating = int(np.ceil(len(order) * split.validation))
    first, second = len(order) - testing - validating, len(order) - testing
    if first < 1:
        raise StudyError(f"{total} rows leave none to train on; change data.split")
    train = order[max(0, first - (data.train_rows or first)) : first]
    test = np.arange(total - apart, total) if apart else order[second:]
    parts = {"train": train, "validation": order[first:second], "test": test}
    return {part: np.sort(rows) for part, rows in parts.items()}


def _divide(
    rows: np.ndarray,
    second: float,
    strata: np.ndarray | None,
    seed: int,
    groups: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    if groups is not None:
        return _by_groups(rows, second, seed, groups[rows])
    chosen = None if strata is None else strata[rows]
    try:
        first, other = train_test_split(rows, test_size=second, stratify=chosen, random_state=seed)
    except ValueError as error:
        raise StudyError(
            f"{len(rows)} rows cannot be split so that {second:g} of them leave every class on "
            f"both sides ({error}); change data.split or data.train_rows"
        ) from None
    return np.sort(first), np.sort(other)


def _by_groups(
    rows: np.ndarray, second: float, seed: int, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A share of the groups on the other side."""
    divided = GroupShuffleSplit(n_splits=1, test_size=second, random_state=seed)
    try:
        first, other = next(divided.split(rows, groups=groups))
    except ValueError as error:
        count = len(np.unique(groups))
        raise StudyError(
            f"{count} groups cannot be split so that {second:g} of them leave some on both sides "
            f"({error}); change data.split or data.group"
        ) from None
    return np.sort(rows[first]), np.sort(rows[other])


def _choose(rows: np.ndarray, count: int, strata: np.ndarray | None, seed: int) -> np.ndarray:
    """Some of the rows; the classes keep their shares where there are classes."""
    order = np.random.default_rng(seed).permutation(rows)
    if strata is None:
        return np.sort(order[:count])
    classes, totals = np.unique(strata[rows], return_counts=True)
    if count < len(classes):
        raise StudyError(
            f"data.train_rows: {count} rows cannot hold each of the {len(classes)} classes"
        )
    exact = count * totals / totals.sum()
    taken = np.floor(exact).astype(int)
    for position in np.argsort(taken - exact, kind="stable")[: count - taken.sum()]:
        taken[position] += 1
    parts = [order[strata[order] == name][:take] for name, take in zip(classes, taken, strict=True)]
    return np.sort(np.concatenate(parts))
