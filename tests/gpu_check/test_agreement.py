"""What counts as agreement between two devices."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from prunestudy.gpu_check.agreement import (
    DECIDED,
    SEEN,
    Tolerance,
    disagreements,
    first_difference,
    networks,
    quality_gap,
    weight_gap,
)
from prunestudy.gpu_check.studies import CNN, Made
from prunestudy.params.reader import check_study
from prunestudy.plan.plan import Plan
from prunestudy.store.tables import write_table

ALLOWED = Tolerance(weights=0.1, quality=0.02)


def decisions(*vals: float, **last: Any) -> pd.DataFrame:
    """Decisions that saw these qualities; some of the last one set apart."""
    plain = dict.fromkeys(DECIDED, "as it is")
    rows = [{**plain, **dict.fromkeys(SEEN, val)} for val in vals]
    rows[-1] |= last
    return pd.DataFrame(rows)


def network(**changes: Any) -> dict[str, Any]:
    """A row of a network that agrees, with changes."""
    plain = {"network": "t/seed0/m", "point": "2", "same units": True, "weights": 0.01}
    plain |= {"follows": []}
    return {**plain, "val": 0.0, "test": 0.0, **changes}


def trajectory(**changes: Any) -> dict[str, Any]:
    """A row of a trajectory that agrees, with changes."""
    return {
        "trajectory": "t/seed0/m",
        "first that differs": None,
        "quality before it": 0.0,
        **changes,
    }


def test_the_first_decision_that_differs_is_found_by_its_columns():
    first = decisions(0.9, 0.8, 0.7)
    assert first_difference(first, decisions(0.9, 0.8, 0.7)) is None
    assert first_difference(first, decisions(0.9, 0.8, verdict="other")) == (1, ["verdict"])
    assert first_difference(first, decisions(0.9)) == (1, ["no such decision"])


def test_qualities_that_differ_are_no_other_decision():
    assert first_difference(decisions(0.9, 0.8), decisions(0.91, 0.8)) is None


def test_qualities_are_compared_up_to_the_decision_that_differs():
    first, second = decisions(0.9, 0.8, 0.7), decisions(0.9, 0.79, 0.1)
    assert quality_gap(first, second, None) == pytest.approx(0.6)
    assert quality_gap(first, second, 1) == pytest.approx(0.01)
    # What it saw before it decided is of the same network still, what came of it is not.
    parted = decisions(0.9, 0.8, 0.7, val_after=0.1)
    assert quality_gap(first, parted, 2) == 0.0
    assert quality_gap(first, decisions(0.9, 0.8, 0.7, val_before=0.1), 2) == pytest.approx(0.6)


def test_a_quality_that_one_of_them_lacks_is_no_agreement():
    assert quality_gap(decisions(0.9), decisions(math.nan), None) == math.inf
    assert quality_gap(decisions(math.nan), decisions(math.nan), None) == 0.0


def test_weights_differ_by_their_largest_difference():
    first = {"a": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)}
    assert weight_gap(first, {"a": torch.tensor([1.0, 2.5]), "n": torch.tensor(9)}) == 0.5
    assert math.isnan(weight_gap(first, {"a": torch.tensor([math.nan, 2.0]), "n": first["n"]}))


class Kept:
    """A study that was run, with one trajectory's list of networks and nothing else."""

    def __init__(self, folder: Path, point: str) -> None:
        self.folder = folder
        folder.mkdir()
        row = {"point": point, "stage": 0, "epochs": 1, "file": "n.safetensors"}
        write_table(pd.DataFrame([row]), folder / "networks.csv")

    def of_step(self, step: str) -> dict[str, Path]:
        return {"t/seed0/m": self.folder} if step == "prune" else {}

    def follows(self) -> dict[str, list[str]]:
        return {}


def test_what_follows_another_method_follows_each_of_them():
    more = {"best": {"baseline": "best_of_fixed", "among": ["traditional", "taught"]}}
    study = check_study({**CNN, "methods": {**CNN["methods"], **more}})
    found = Made(Plan(study, ("prune",)), Path()).follows()
    assert {cell.rpartition("/")[2]: names for cell, names in found.items() if names} == {
        "scratch": ["digits/seed0/adaptive"],
        "best": ["digits/seed0/traditional", "digits/seed0/taught"],
    }


def test_a_network_that_one_of_them_lacks_has_a_row(tmp_path: Path):
    rows = networks(Kept(tmp_path / "a", "2"), Kept(tmp_path / "b", "4"))  # type: ignore[arg-type]
    assert [(row["point"], row["same units"]) for row in rows] == [("2", None), ("4", None)]
    found = list(disagreements(rows, [trajectory()], ALLOWED))
    assert [line.partition(":")[0] for line in found] == ["t/seed0/m at 2", "t/seed0/m at 4"]


@pytest.mark.parametrize(
    ("kept", "decided", "said"),
    [
        (network(), trajectory(), None),
        (network(weights=0.2), trajectory(), "weights differ by 0.2"),
        (network(weights=math.nan), trajectory(), "weights differ by nan"),
        (network(test=0.03), trajectory(), "test differ by 0.03"),
        (network(val=math.nan), trajectory(), "val differ by nan"),
        (network(test=math.nan), trajectory(), "test differ by nan"),
        (network(), trajectory(**{"quality before it": 0.03}), "qualities differ by 0.03"),
        # Other units, and no decision differed: its weights have no fellows, its qualities do.
        (network(weights=None, **{"same units": False}), trajectory(), None),
        (network(val=0.03, **{"same units": False}), trajectory(), "val differ by 0.03"),
        (network(**{"same units": None}), trajectory(), "one device has no such network"),
        # Another network: told in the table, judged by nobody.
        (network(weights=9.0), trajectory(**{"first that differs": 4}), None),
        (network(**{"same units": None}), trajectory(**{"first that differs": 4}), None),
        (
            network(weights=9.0, network="t/seed0/small", follows=["t/seed0/n", "t/seed0/m"]),
            trajectory(**{"first that differs": 4}),
            None,
        ),
        (
            network(weights=9.0),
            trajectory(**{"first that differs": 4, "quality before it": math.nan}),
            "qualities differ by nan",
        ),
    ],
)
def test_what_is_beyond_the_tolerance_is_said(
    kept: dict[str, Any], decided: dict[str, Any], said: str | None
):
    found = list(disagreements([kept], [decided], ALLOWED))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
