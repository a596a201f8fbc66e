"""Evaluate: quality and cost of every network of a trajectory; the test rows are read once."""

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
from prunestudy.store.files import file_digest
from prunestudy.store.names import DENSE
from prunestudy.store.tables import write_table
from prunestudy.store.trajectories import kept_networks
from prunestudy.training.device import device_of, placed
from prunestudy.training.objective import Objective
from prunestudy.training.settings import Compute


def evaluate(
    objective: Objective, compute: Compute, data: Path, trajectories: dict[str, Path], out: Path
) -> None:
    """Write one row a network of the trajectories (method → folder); failed ones have none.

    Networks are compared with the one of the trajectory ``dense``.
    """
    set_up_torch(0)
    device = device_of(compute)
    prepared = placed(read_prepared(data), device, compute)
    test = read_test(data).to(prepared.validation.inputs.device)
    reference = Reference(test, tuple(prepared.description["classes"]))
    for kept in kept_networks(trajectories[DENSE]) if reference.classes else ():
        dense, _spec = read_network(trajectories[DENSE] / kept["file"])
        reference = replace(reference, dense=objective.outputs(dense.to(device), reference.test))
    rows = [
        {
            "method": method,
            **kept,
            **_measure(folder / kept["file"], objective, device, prepared, reference),
        }
        for method, folder in trajectories.items()
        for kept in kept_networks(folder)
    ]
    write_table(pd.DataFrame(rows, columns=None if rows else ["method", "point"]), out)


def _measure(
    file: Path, objective: Objective, device: torch.device, prepared: Prepared, reference: Reference
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
    val_loss, val = objective.evaluate(network, prepared.validation)
    outputs = objective.outputs(network, reference.test)
    test_loss, test_quality = objective.scores(outputs, reference.test.targets)
    return {
        **costs,
        "bytes": size,
        "bytes_gzip": zipped,
        "metric": objective.metric,
        "val": val,
        "val_loss": val_loss,
        "test": test_quality,
        "test_loss": test_loss,
        **beyond_mean(objective, network, outputs, reference),
        "artifact_sha256": file_digest(file),
    }
