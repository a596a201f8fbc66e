"""Folds: every row is a test row once in each repeat, so results speak of the rows as well."""

from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
)

from prunestudy.data.dataset import Arrays, Dataset, dataset_of, told
from prunestudy.data.prepare import contents_of
from prunestudy.data.prepared_file import write_prepared
from prunestudy.data.settings import Data
from prunestudy.data.split import split_rows
from prunestudy.errors import StudyError


def prepare_fold(
    data: Data, repeat: int, fold: int, raw: Path | None, out: Path, reads: str = "numbers"
) -> None:
    """Write the data of one fold of one repeat, both from 0, in the file that ``prepare`` writes.

    Raises:
        StudyError: its rows cannot be divided so.
    """
    dataset = told(dataset_of(data, reads))
    arrays = dataset.read(contents_of(raw))
    rows = fold_rows(arrays, dataset, data, repeat, fold)
    place = {"folds": data.split.folds, "repeat": repeat, "fold": fold}
    write_prepared(out, data, reads, dataset, arrays, rows, place)


def fold_rows(
    arrays: Arrays, dataset: Dataset, data: Data, repeat: int, fold: int
) -> dict[str, np.ndarray]:
    """Row numbers of each part, sorted; the fold's own rows are the test part.

    The folds are those of scikit-learn's ``RepeatedKFold`` (classes: ``RepeatedStratifiedKFold``)
    with ``split.seed``; of rows in groups those of ``GroupKFold`` (``StratifiedGroupKFold``). What
    the fold leaves is divided as what a publisher's test rows leave.

    Raises:
        StudyError: the publisher set test rows apart, or there are too few rows.
    """
    split, strata = data.split, arrays.targets if dataset.target == "class" else None
    folds = split.folds or 1
    _check(arrays, data.called, strata, folds)
    place = repeat * folds + fold
    if arrays.groups is None:
        kind = RepeatedKFold if strata is None else RepeatedStratifiedKFold
        divided = kind(n_splits=folds, n_repeats=repeat + 1, random_state=split.seed)
        rest, test = next(islice(divided.split(arrays.targets, strata), place, None))
    else:
        of_groups = GroupKFold if strata is None else StratifiedGroupKFold
        shuffled = of_groups(n_splits=folds, shuffle=True, random_state=split.seed + repeat)
        rest, test = next(islice(shuffled.split(arrays.targets, strata, arrays.groups), fold, None))
    order = np.concatenate([rest, test])
    groups = None if arrays.groups is None else arrays.groups[order]
    apart = Arrays(arrays.inputs, arrays.targets[order], test_rows=len(test), groups=groups)
    # The split looks at no inputs. Validation is a share of all rows; each fold draws its own.
    own = {"validation": split.validation / (1 - split.test), "seed": split.seed + place}
    of_rest = data.model_copy(update={"split": split.model_copy(update=own)})
    return {
        part: np.sort(order[chosen]) for part, chosen in split_rows(apart, dataset, of_rest).items()
    }


def _check(arrays: Arrays, name: str, strata: np.ndarray | None, folds: int) -> None:
    if arrays.test_rows:
        raise StudyError(
            f"data.split: '{name}' comes with {arrays.test_rows:,} test rows; leave out folds and "
            "repeats"
        )
    if arrays.groups is not None and len(np.unique(arrays.groups)) < folds:
        count = len(np.unique(arrays.groups))
        raise StudyError(f"data.split: '{name}' has {count} groups, too few for {folds} folds")
    counts = [len(arrays.targets)] if strata is None else np.unique(strata, return_counts=True)[1]
    if min(counts) < folds:
        what = "rows" if strata is None else "rows of its smallest class"
        raise StudyError(
            f"data.split: '{name}' has {min(counts)} {what}, too few for each of {folds} folds to "
            "have one; lower folds"
        )
