"""Prepare: split once, scale by the training rows only, and store tensors."""

from pathlib import Path

from prunestudy.data.dataset import dataset_of, told
from prunestudy.data.prepared_file import write_prepared
from prunestudy.data.settings import Data
from prunestudy.data.split import split_rows


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
