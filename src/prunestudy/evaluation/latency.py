"""Latency: measured, interleaved with the dense network, in a job alone on its machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from prunestudy.artifacts import kept_networks, write_table
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.export import onnx_bytes, output_difference, session
from prunestudy.networks.storage import read_network
from prunestudy.networks.timing import Call, interleaved
from prunestudy.params import Latency

BATCH_SIZES = (1, 64)


@dataclass(frozen=True)
class Candidate:
    """A network ready to run: a call for each runtime and batch size."""

    onnx: dict[int, Call]
    eager: dict[int, Call]
    onnx_difference: float


def measure_latency(settings: Latency, folders: dict[str, Path], out: Path) -> None:
    """Write one row a network of the folders (method → trajectory; ``dense`` among them).

    Trajectories that failed have no rows, and nothing has where there is no dense network.
    """
    set_up_torch(0)
    found = kept_networks(folders["dense"])
    if not found:
        write_table(pd.DataFrame(columns=["method", "point"]), out)
        return
    dense = _candidate(folders["dense"] / found[0]["file"])
    rows = []
    for method, folder in folders.items():
        for kept in kept_networks(folder):
            candidate = _candidate(folder / kept["file"])
            rows.append(
                {
                    "method": method,
                    "point": kept["point"],
                    **_measure(dense, candidate, settings),
                    "onnx_difference": candidate.onnx_difference,
                }
            )
    write_table(pd.DataFrame(rows), out)


def _candidate(file: Path) -> Candidate:
    network, spec = read_network(file)
    runtime = session(onnx_bytes(network, spec.input_shape))
    generator = torch.Generator().manual_seed(0)
    inputs = {
        size: torch.randn((size, *spec.input_shape), generator=generator) for size in BATCH_SIZES
    }

    def onnx(size: int) -> Call:
        feed = {"input": inputs[size].numpy()}
        return lambda: runtime.run(None, feed)

    def eager(size: int) -> Call:
        def call() -> object:
            with torch.inference_mode():
                return network(inputs[size])

        return call

    return Candidate(
        {size: onnx(size) for size in BATCH_SIZES},
        {size: eager(size) for size in BATCH_SIZES},
        output_difference(network, runtime, spec.input_shape),
    )


def _measure(dense: Candidate, candidate: Candidate, settings: Latency) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for size in BATCH_SIZES:
        reference, own = interleaved((dense.onnx[size], candidate.onnx[size]), settings).T
        row[f"latency_ms_b{size}"] = np.median(own)
        row[f"latency_q1_b{size}"] = np.quantile(own, 0.25)
        row[f"latency_q3_b{size}"] = np.quantile(own, 0.75)
        row[f"latency_ratio_b{size}"] = np.median(reference / own)
        reference, own = interleaved((dense.eager[size], candidate.eager[size]), settings).T
        row[f"eager_ms_b{size}"] = np.median(own)
        row[f"eager_ratio_b{size}"] = np.median(reference / own)
    return row
