"""Tables that were pickled by pandas, as CSV; they are read after their digest matched, once."""

import csv
import io
import lzma
import pickle
from typing import Any

from prunestudy.errors import StudyError

# All that the pickle of a table names; anything else is refused before it is loaded.
ALLOWED = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"),
        ("pandas", "DataFrame"),
        ("pandas", "Index"),
        ("pandas", "RangeIndex"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"),
    }
)
MOST_BYTES = 64 * 1024 * 1024


class _Tables(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # Where numpy kept them when the files were written.
        place = module.replace("numpy.core", "numpy._core")
        if (place, name) not in ALLOWED:
            raise StudyError(f"a pickled table asks for {module}.{name}, which no table needs")
        return super().find_class(place, name)


def csv_of_pickle(content: bytes) -> bytes:
    """A pickled pandas table, compressed by xz, as CSV without its row names.

    Raises:
        StudyError: it is no such file, or not only a table.
    """
    import pandas as pd

    unpacker = lzma.LZMADecompressor()
    try:
        unpacked = unpacker.decompress(content, MOST_BYTES)
        if not unpacker.eof:
            raise StudyError(f"a pickled table is cut, or larger than {MOST_BYTES:,} bytes")
        table = _Tables(io.BytesIO(unpacked)).load()
    except (lzma.LZMAError, pickle.UnpicklingError, EOFError) as error:
        raise StudyError(f"is not a pickled table in xz's format ({error})") from None
    if not isinstance(table, pd.DataFrame):
        raise StudyError(f"a pickle holds a {type(table).__name__} instead of a table")
    table = table.drop(columns="rownames", errors="ignore")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.itertuples(index=False):
        writer.writerow(["" if pd.isna(value) else value for value in row])
    return text.getvalue().encode()
