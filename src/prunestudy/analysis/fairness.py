"""How fair the comparison is: levels of setup (Wang et al. 2023), and equal retraining."""

from typing import Literal

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.pruning.settings import FixedRatios
from prunestudy.store.names import FINAL

Level = Literal["S1", "S2", "S3.1", "S3.2"]


def setup_level(inputs: Inputs) -> Level:
    """The level of fairness of the comparison among methods that stand by themselves.

    S1: the same data sets; S2: the same dense networks too; S3.1: the same retraining epochs too;
    S3.2: the same learning-rate schedule of retraining too.
    """
    methods = [inputs.study.methods[name] for name in inputs.compared]
    at_points = inputs.networks[
        inputs.networks["method"].isin(inputs.compared) & (inputs.networks["point"] != FINAL)
    ]
    if at_points.empty or any(
        isinstance(one, FixedRatios) and one.prune_at != "trained" for one in methods
    ):
        return "S1"
    if not _equal_epochs(at_points):
        return "S2"
    return "S3.1" if len(retrainings(inputs)) > 1 else "S3.2"


def retrainings(inputs: Inputs) -> list[str]:
    """The learning-rate schedules of retraining among those methods."""
    names = {inputs.study.methods[name].retraining for name in inputs.compared}
    # Distillation changes the loss alone.
    return sorted({"finetune" if name == "distill" else name for name in names})


def equally_retrained(inputs: Inputs) -> bool:
    """Whether every network pruned from the dense one got a task's same retraining epochs."""
    # Networks trained from initialisation get the dense training's epochs on top, by design, and a
    # closed loop may end with the dense network itself, which nothing was retrained for.
    networks = inputs.networks
    return _equal_epochs(
        networks[networks["method"].isin(inputs.from_dense) & (networks["compression"] > 1)]
    )


def _equal_epochs(networks: pd.DataFrame) -> bool:
    epochs = networks.groupby("task")["epochs"].nunique()
    return len(epochs) > 0 and bool((epochs == 1).all())
