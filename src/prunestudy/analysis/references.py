"""References: what the dense networks differ by from models of another kind on the same rows."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import Measure, judge
from prunestudy.analysis.statistics import compare
from prunestudy.store.names import DENSE

# Test quality of the dense network less that of the reference.
REFERENCE = Measure("reference", "difference", "higher")
COLUMNS = [
    *("task", "reference", "settings", "metric", "n", "dense", "reference_test", "estimate"),
    *("low", "high", "level", "margin", "verdict", "within", "not_inferior", "generalises"),
]


def references(inputs: Inputs) -> pd.DataFrame:
    """One row a task that has a reference: the dense network against it, over seeds.

    At one split a reference is one model for all seeds; of folds each seed has its own.
    ``settings`` are those chosen on validation rows, of folds each that was. ``estimate`` is
    dense − reference on test rows, ``low`` and ``high`` its t interval at ``level``, each task by
    itself. The verdict reads the interval as that of two methods.
    """
    rows = [_row(inputs, task, own) for task, own in _by_task(inputs)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_task(inputs: Inputs) -> list[tuple[str, pd.DataFrame]]:
    table = inputs.references
    if table.empty:
        return []
    found = [(task, table[table["task"] == task]) for task in inputs.tasks]
    return [(task, own) for task, own in found if len(own)]


def _row(inputs: Inputs, task: str, own: pd.DataFrame) -> dict[str, object]:
    dense = inputs.cells(task, DENSE)["test"]
    tests = own["test"].to_numpy()
    each = dict(zip(own["seed"], tests, strict=True))
    beside = [each.get(seed, tests[0]) for seed in dense.index]
    found = compare(dense.tolist(), beside, overlap=inputs.overlap(task))
    low, high = found.interval(inputs.level)
    metric = inputs.metric_name(task)
    margin = inputs.margin(metric)
    measure = REFERENCE.of(inputs.higher_is_better(task))
    judged = judge(measure, found, (low, high), margin)
    return {
        "task": task,
        "reference": own["reference"].iloc[0],
        "settings": "; ".join(dict.fromkeys(own["settings"])),
        "metric": metric,
        "n": found.n,
        "dense": float(dense.mean()),
        "reference_test": float(sum(beside) / len(beside)),
        "estimate": found.estimate,
        "low": low,
        "high": high,
        "level": inputs.level,
        "margin": margin,
        "verdict": judged.verdict,
        "within": judged.within,
        "not_inferior": judged.not_inferior,
        "generalises": inputs.generalises(task),
    }
