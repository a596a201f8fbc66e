"""A real study whose parameters make adaptive pruning lose: the report must say so, first."""

import json

import pandas as pd
import pytest

from tests.workflow.conftest import STUDY, Checkout

# Widths in multiples of 16 only, on networks that are no wider: nothing can be taken away.
METHOD = "  adaptive: {"
HOPELESS = METHOD + "round_to: 16, "


@pytest.mark.slow
def test_a_study_in_which_adaptive_loses_says_so_first(checkout: Checkout) -> None:
    checkout.edit(f"studies/{STUDY}.yaml", METHOD, HOPELESS)
    checkout.edit(f"studies/{STUDY}.yaml", "seeds: [0]", "seeds: [0, 1, 2, 3, 4]")
    output = checkout.study()
    folder = checkout.folder / "reports" / STUDY
    compared = pd.read_csv(folder / "tables" / "comparisons.csv")
    compared = compared.set_index(["measure", "task", "second"]).sort_index()
    row = compared.loc[("area", "wdbc", "traditional")]
    assert row["verdict"] == "worse"
    assert row["high"] < 0
    first = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["finding"][0]
    assert first.startswith(
        "Test quality at equal size (area), adaptive against traditional: worse"
    )
    assert f"wdbc ({row['estimate']:+.4f}".replace("-", "−") in first
    assert "better" not in first
    assert first in output
    page = (folder / "index.html").read_text(encoding="utf-8").replace("&#39;", "'")
    assert page.index(first) < page.index('id="trade-off"')
