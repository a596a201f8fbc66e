"""What the controllers did: the record of each criterion, attempts in order, layers by stage."""

import json
from collections import Counter

import pandas as pd

from prunestudy.analysis.inputs import CELL, Inputs
from prunestudy.analysis.statistics import summarise
from prunestudy.pruning.settings import criteria_of

# Verdicts on attempts, of which each takes a stage.
ATTEMPTED = ("accepted", "rolled back", "mapped")
# Verdicts on a proposal that was chosen among its stage's.
CHOSEN = (*ATTEMPTED, "refined")
# Verdicts of states that the controller went on from, and the last.
KEPT = ("analysed", "accepted", "mapped", "final")
CRITERIA_COLUMNS = [
    *("task", "method", "criterion", "proposals", "chosen", "accepted", "rolled_back"),
    *("beyond_the_budget", "refined"),
]
STAGE_COLUMNS = [*("task", "method", "seed", "step", "verdict", "layer", "units", "share")]
SENSITIVITY_COLUMNS = [
    *("task", "layer", "ratio", "removed", "criterion", "n", "drop", "drop_low", "drop_high")
]


def loops(inputs: Inputs) -> list[str]:
    """Closed loops that left decisions, in the order of the study."""
    present = set(inputs.decisions["method"])
    return [method for method in inputs.closed_loops if method in present]


def _of_loops(inputs: Inputs) -> pd.DataFrame:
    """Their decisions; fixed methods decide on a size of their own, or on a method."""
    return inputs.decisions[inputs.decisions["method"].isin(inputs.closed_loops)]


def attempts(decisions: pd.DataFrame) -> pd.DataFrame:
    """Decisions in the order of attempts; rolled-back ones count, proposals not chosen do not."""
    kept = decisions[decisions["verdict"].isin({*KEPT, *ATTEMPTED})].copy()
    attempted = kept["verdict"].isin(ATTEMPTED).astype(int)
    kept["attempt"] = attempted.groupby([kept[name] for name in CELL]).cumsum()
    return kept


def criteria(inputs: Inputs) -> pd.DataFrame:
    """How often each criterion proposed, was chosen, accepted and rolled back."""
    decisions = _of_loops(inputs)
    proposals = decisions[decisions["criterion"].notna() & (decisions["verdict"] != "scanned")]
    rows = []
    for (task, method), group in proposals.groupby(["task", "method"], sort=False):
        for criterion in criteria_of(inputs.study.methods[str(method)]):
            verdicts = Counter(group.loc[group["criterion"] == criterion, "verdict"])
            chosen = sum(verdicts[name] for name in CHOSEN)
            counts = [verdicts.total(), chosen, *(verdicts[name] for name in CHOSEN)]
            rows.append([task, method, criterion, *counts])
    return pd.DataFrame(rows, columns=CRITERIA_COLUMNS)


def layer_stages(inputs: Inputs) -> pd.DataFrame:
    """One row a stage of a trajectory and layer: units and the share of the dense width left."""
    rows = []
    for place, table in _of_loops(inputs).groupby(["task", "method", "seed"], sort=False):
        kept = table[table["verdict"].isin(KEPT)]
        dense = json.loads(table.loc[table["verdict"] == "analysed", "widths"].iloc[0])
        for step, (verdict, text) in enumerate(zip(kept["verdict"], kept["widths"], strict=True)):
            for layer, units in json.loads(text).items():
                rows.append([*place, step, verdict, layer, units, units / dense[layer]])
    return pd.DataFrame(rows, columns=STAGE_COLUMNS)


def layer_sensitivity(inputs: Inputs) -> pd.DataFrame:
    """Quality by the share that one layer alone lost, without retraining; over seeds."""
    scanned = inputs.decisions[inputs.decisions["verdict"] == "scanned"].copy()
    dense = inputs.decisions[inputs.decisions["verdict"] == "analysed"]
    full = {task: json.loads(text) for task, text in dense[["task", "widths"]].to_numpy()}
    # Of few units, a tenth may be none: what counts is what went.
    places = zip(scanned["task"], scanned["layer"], scanned["widths"], strict=True)
    scanned["removed"] = [
        round(1 - json.loads(left)[layer] / full[task][layer], 2) for task, layer, left in places
    ]
    scanned = scanned.drop_duplicates([*CELL, "layer", "removed"])
    rows = []
    # Every closed loop of a task scans the same dense networks; the first one is enough.
    for task, of_task in scanned.groupby("task", sort=False):
        table = of_task[of_task["method"] == of_task["method"].iloc[0]]
        for (layer, removed), cell in table.groupby(["layer", "removed"], sort=False):
            sign = inputs.sign(str(task))
            lost = (sign * (cell["val_before"] - cell["val_after"])).tolist()
            found = summarise(lost, inputs.level, inputs.overlap(str(task)))
            drops = (found.mean, found.low, found.high)
            criterion = cell["criterion"].iloc[0]
            rows.append([task, layer, f"{removed:.0%}", removed, criterion, found.n, *drops])
    return pd.DataFrame(rows, columns=SENSITIVITY_COLUMNS)
