"""Latency: measured, interleaved with the dense network, in a job alone on its machine."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.onnx import CHECK_ROWS, onnx_bytes, output_difference, session
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import read_network
from prunestudy.networks.timing import Call, interleaved
from prunestudy.settings.parts import load_part
from prunestudy.store.accelerators import CUDA, device_kind
from prunestudy.store.tables import write_table
from prunestudy.store.trajectories import kept_networks
from prunestudy.training.settings import Compute

BATCH_SIZES = (1, 64)
# Where memory happens to put a session and its inputs can make all of its calls a third slower, so
# a network is timed in several, each made anew beside one of the dense network.
SESSIONS = 5


@dataclass(frozen=True)
class Candidate:
    """A network to be timed."""

    network: nn.Module
    spec: NetworkSpec
    onnx: bytes

    def inputs(self, size: int) -> torch.Tensor:
        """A batch of its own memory, the same values each time."""
        return self.spec.sample(size)

    def onnx_call(self, size: int) -> Call:
        """Run a batch in a new session of ONNX Runtime."""
        runtime = session(self.onnx)
        feed = {"input": self.inputs(size).numpy()}
        return lambda: runtime.run(None, feed)

    def eager_call(self, size: int) -> Call:
        """Run a batch in PyTorch."""
        inputs = self.inputs(size)

        def call() -> object:
            with torch.inference_mode():
                return self.network(inputs)

        return call


def measure_latency(
    settings: Latency, compute: Compute, folders: dict[str, Path], out: Path
) -> None:
    """Write one row a network of the folders (method → trajectory; ``dense`` among them).

    Where the study trains on a GPU, networks are timed there as well, in columns of their own.
    Trajectories that failed have no rows, and nothing has where there is no dense network.
    """
    set_up_torch(0)
    found = kept_networks(folders["dense"])
    if not found:
        write_table(pd.DataFrame(columns=["method", "point"]), out)
        return
    dense = _candidate(folders["dense"] / found[0]["file"])
    on_gpu = None
    if device_kind(compute.accelerator) == CUDA:
        # A part, so that it is in no key of a study on the CPU.
        part = load_part("prunestudy.evaluation", "cuda_latency")
        on_gpu = part.beside(dense.network, dense.inputs, settings, part.gpu_bench(compute))
    rows = []
    for method, folder in folders.items():
        for kept in kept_networks(folder):
            candidate = _candidate(folder / kept["file"])
            row = {
                "method": method,
                "point": kept["point"],
                **_measure(dense, candidate, settings),
                "onnx_difference": output_difference(
                    candidate.network, session(candidate.onnx), candidate.inputs(CHECK_ROWS)
                ),
            }
            if on_gpu is not None:
                row |= on_gpu(candidate.network)
            rows.append(row)
    write_table(pd.DataFrame(rows), out)


def _candidate(file: Path) -> Candidate:
    network, spec = read_network(file)
    return Candidate(network, spec, onnx_bytes(network, spec.example()))


def _measure(dense: Candidate, candidate: Candidate, settings: Latency) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for size in BATCH_SIZES:
        reference, own = _in_turns(Candidate.onnx_call, size, dense, candidate, settings, SESSIONS)
        row[f"latency_ms_b{size}"] = np.median(own)
        row[f"latency_q1_b{size}"] = np.quantile(own, 0.25)
        row[f"latency_q3_b{size}"] = np.quantile(own, 0.75)
        row[f"latency_ratio_b{size}"] = np.median(reference / own)
        reference, own = _in_turns(Candidate.eager_call, size, dense, candidate, settings, 1)
        row[f"eager_ms_b{size}"] = np.median(own)
        row[f"eager_ratio_b{size}"] = np.median(reference / own)
    return row


def _in_turns(
    made: Callable[[Candidate, int], Call],
    size: int,
    dense: Candidate,
    candidate: Candidate,
    settings: Latency,
    sessions: int,
) -> np.ndarray:
    """Milliseconds of both networks, 2 × repeats, over several sessions that live side by side."""
    sessions = min(sessions, settings.repeats)
    pairs = [(made(dense, size), made(candidate, size)) for _ in range(sessions)]
    # The repeats are shared out, one more to the first where they are not a multiple.
    shares = [(settings.repeats + place) // sessions for place in reversed(range(sessions))]
    samples = [
        interleaved(pair, settings.model_copy(update={"repeats": share}))
        for pair, share in zip(pairs, shares, strict=True)
    ]
    return np.concatenate(samples).T
