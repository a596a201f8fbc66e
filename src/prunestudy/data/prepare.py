"""Prepare: split once, scale by the training rows only, and store tensors."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from prunestudy.data.dataset import Arrays, Dataset, dataset_of, told
from prunestudy.data.prepared_file import write_prepared
from prunestudy.data.settings import Data
from prunestudy.errors import StudyError


def prepare(data: Data, raw: Path | None, out: Path, reads: str = "numbers") -> None:
    """Write ``{train,validation,test}.{inputs,targets}`` as one safetensors file.

    Inputs are float32 and standardised (per feature; images by one mean and deviation); class
    targets are int64, values are float32 standardised with a trailing dimension of one.

    Args:
        raw: the folder of a fetched data set; none of the user's own data.
        reads: how the architecture reads columns.
    """
    dataset = told(dataset_of(data, reads))
    arrays = dataset.read(contents_of(raw))
    write_prepared(out, data, reads, dataset, arrays, split_rows(arrays, dataset, data), {})


def contents_of(raw: Path | None) -> dict[str, bytes]:
    """The files of a fetched data set; none of the user's own data."""
    return {} if raw is None else {file.name: file.read_bytes() for file in sorted(raw.iterdir())}


def split_rows(arrays: Arrays, dataset: Dataset, data: Data) -> dict[str, np.ndarray]:
    """Row numbers of each part, sorted; stratified where targets are classes."""
    split = data.split
    everything = np.arange(len(arrays.targets))
    strata = arrays.targets if dataset.target == "class" else None
    if arrays.test_rows:
        rest, test = everything[: -arrays.test_rows], everything[-arrays.test_rows :]
    else:
        rest, test = _divide(everything, split.test, strata, split.seed)
    share = split.validation / (1 if arrays.test_rows else 1 - split.test)
    train, validation = _divide(rest, share, strata, split.seed)
    if data.train_rows is not None and data.train_rows < len(train):
        train = _choose(train, data.train_rows, strata, split.seed)
    return {"train": train, "validation": validation, "test": test}


def _divide(
    rows: np.ndarray, second: float, strata: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    chosen = None if strata is None else strata[rows]
    try:
        first, other = train_test_split(rows, test_size=second, stratify=chosen, random_state=seed)
    except ValueError as error:
        raise StudyError(
            f"{len(rows)} rows cannot be split so that {second:g} of them leave every class on "
            f"both sides ({error}); change data.split or data.train_rows"
        ) from None
    return np.sort(first), np.sort(other)


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
