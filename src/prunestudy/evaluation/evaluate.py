"""Evaluate: quality and cost of every network of a trajectory; the test rows are read once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from prunestudy.data.tensors import Prepared, read_prepared, read_test
from prunestudy.evaluation.beyond_mean import Reference, beyond_mean
from prunestudy.evaluation.cost import (
    count_macs,
    count_macs_nonzero,
    count_nonzero,
    count_params,
    file_sizes,
)
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.storage import read_masked_network, read_network
from prunestudy.settings.base import name_of
from prunestudy.store.files import file_digest
from prunestudy.store.names import DENSE
from prunestudy.store.tables import write_table
from prunestudy.store.trajectories import kept_networks
from prunestudy.training.device import device_of, placed
from prunestudy.training.metrics.settings import MetricSettings
from prunestudy.training.objective import MetricOf, Objective, metric_function
from prunestudy.training.settings import Compute


def evaluate(
    objective: Objective,
    compute: Compute,
    data: Path,
    trajectories: dict[str, Path],
    out: Path,
    metrics: Sequence[str | MetricSettings] = (),
) -> None:
    """Write one row a network of the trajectories (method → folder); failed ones have none.

    Networks are compared with the one of the trajectory ``dense``. Qualities are as the metric has
    them; further metrics are in columns ``val:METRIC`` and ``test:METRIC``.
    """
    set_up_torch(0)
    device = device_of(compute)
    prepared = placed(read_prepared(data), device, compute)
    objective = objective.fitted(prepared)
    further = {name_of(one): metric_function(one) for one in metrics}
    test = read_test(data).to(prepared.validation.inputs.device)
    classes = prepared.description["classes"] if objective.kind == "class" else ()
    reference = Reference(test, tuple(classes))
    for kept in kept_networks(trajectories[DENSE]) if reference.classes else ():
        dense, _spec = read_network(trajectories[DENSE] / kept["file"])
        reference = replace(reference, dense=objective.outputs(dense.to(device), reference.test))
    rows = [
        {
            "method": method,
            **kept,
            **_measure(folder / kept["file"], objective, device, prepared, reference, further),
        }
        for method, folder in trajectories.items()
        for kept in kept_networks(folder)
    ]
    write_table(pd.DataFrame(rows, columns=None if rows else ["method", "point"]), out)


def _measure(
    file: Path,
    objective: Objective,
    device: torch.device,
    prepared: Prepared,
    reference: Reference,
    further: dict[str, MetricOf],
) -> dict[str, Any]:
    network, spec, masks = read_masked_network(file)
    size, zipped = file_sizes(file)
    costs = {
        "params": count_params(network),
        "params_nonzero": count_nonzero(network, masks),
        "macs": count_macs(network, spec.example()),
        "macs_nonzero": count_macs_nonzero(network, spec.example(), masks),
    }
    network.to(device)
    val_outputs = objective.outputs(network, prepared.validation)
    val_targets = prepared.validation.targets.to(val_outputs.device)
    val_loss, val = objective.scores(val_outputs, val_targets)
    outputs = objective.outputs(network, reference.test)
    targets = reference.test.targets.to(outputs.device)
    test_loss, test_quality = objective.scores(outputs, targets)
    more = {f"val:{name}": of(val_outputs, val_targets) for name, of in further.items()}
    more |= {f"test:{name}": of(outputs, targets) for name, of in further.items()}
    return {
        **costs,
        "bytes": size,
        "bytes_gzip": zipped,
        "metric": name_of(objective.metric),
        "val": objective.shown(val),
        "val_loss": val_loss,
        "test": objective.shown(test_quality),
        "test_loss": test_loss,
        **beyond_mean(objective, network, outputs, reference),
        "artifact_sha256": file_digest(file),
        **more,
    }
