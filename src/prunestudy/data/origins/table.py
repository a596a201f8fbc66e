"""The user's own tables: CSV and Parquet files, described once and read by the rows' job."""

from functools import partial
from typing import TYPE_CHECKING, Any

from prunestudy.data.content import digests_of, remembered, verified_bytes
from prunestudy.data.dataset import Arrays, Dataset, Facts, Files, Widths
from prunestudy.data.settings import Data

if TYPE_CHECKING:
    from prunestudy.data.table import Table


def content(data: Data) -> dict[str, str]:
    """sha256 of each file.

    Raises:
        DataError: one is missing, empty or not as expected.
    """
    return digests_of(data)


def describe(data: Data) -> Dataset:
    """What the files hold; they are read where that is not known of this content.

    Raises:
        DataError: they cannot be used; it lists every problem.
    """
    digests = digests_of(data)
    found = remembered(data, digests, partial(_described, data, digests))
    facts = {**found["facts"], "warnings": tuple(found["facts"]["warnings"])}
    facts["columns"] = {name: tuple(one) for name, one in facts["columns"].items()}
    widths = found["widths"]
    numeric, categories, texts = widths["numeric"], tuple(widths["categories"]), widths["texts"]
    wide = Widths(numeric, categories, texts)
    return Dataset(
        title=found["title"],
        target=found["target"],
        input_shape=wide.shape("numbers", data),
        members=(),
        read=partial(_read, data, digests),
        classes=tuple(found["classes"]),
        inputs=_inputs(wide),
        widths=wide,
        facts=Facts(**facts),
    )


def _inputs(widths: Widths) -> Any:
    if widths.texts == 1 and not widths.numeric and not widths.categories:
        return "text"
    return "mixed" if widths.categories or widths.texts else "numbers"


def _read(data: Data, digests: dict[str, str], _files: Files) -> Arrays:
    return _table(data, digests).arrays


def _table(data: Data, digests: dict[str, str]) -> "Table":
    # Here alone are tables read, and pandas imported.
    from prunestudy.data.table import read_table

    return read_table(data, {name: verified_bytes(data, name, digests[name]) for name in digests})


def _described(data: Data, digests: dict[str, str]) -> dict[str, Any]:
    from prunestudy.data.table import described

    return described(_table(data, digests), data, digests)
