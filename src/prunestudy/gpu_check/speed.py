"""Residual networks: time of a training step against a bare loop, and what pruning gains."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from prunestudy.data.tensors import Batches, Prepared
from prunestudy.evaluation.cuda_latency import MODES, cuda_seconds
from prunestudy.gpu_check.images import images
from prunestudy.gpu_check.outcome import Outcome, Rows, tell
from prunestudy.gpu_check.shrink import ROUND_TO, SHARES, shrunk
from prunestudy.gpu_check.studies import ACCELERATOR
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.networks.timing import interleaved, wall_seconds
from prunestudy.training.device import placed
from prunestudy.training.loop import TrainingLoop, lr_factor, make_optimizer
from prunestudy.training.objective import Objective, channels_last
from prunestudy.training.settings import Compute, Training

MIB = 2**20


@dataclass(frozen=True)
class Load:
    """How much of everything.

    Attributes:
        steps: of a timed training.
        warmup: steps before it.
        batches: sizes of the batches whose forward passes are timed.
        modes: how networks are run then; to compile all of them would take too long.
        passes: how forward passes are timed.
    """

    depths: tuple[int, ...]
    steps: int
    warmup: int
    batch_size: int
    batches: tuple[int, ...]
    modes: tuple[str, ...]
    passes: Latency


FEW = Latency(repeats=3, warmup=1)
LOADS = {
    "cuda": Load(
        (20, 56), 300, 20, 128, (1, 256), ("eager", "graph"), Latency(repeats=50, warmup=10)
    ),
    "cpu": Load((20, 56), 3, 1, 64, (1, 256), ("eager",), FEW),
    "quick": Load((20,), 2, 1, 8, (1, 8), ("eager",), FEW),
}


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """Seconds of one call, with all that the device does for it."""
    finish = partial(torch.cuda.synchronize, device) if device.type == "cuda" else lambda: None
    finish()
    begin = time.perf_counter()
    call()
    finish()
    return time.perf_counter() - begin


def bare(network: nn.Module, loop: TrainingLoop, steps: int) -> None:
    """The steps of ``TrainingLoop.recover`` without Lightning: the same weights come out."""
    network.train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = Batches(loop.data.train, loop.settings.batch_size, loop.seed)
    optimizer = make_optimizer(network, loop.settings)
    total = loop.settings.epochs * len(batches)
    schedule = LambdaLR(optimizer, lambda step: lr_factor(loop.settings.lr_schedule, step / total))
    done = 0
    while done < steps:
        for inputs, targets in batches:
            loss = loop.loss_of(network(channels_last(inputs)), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            if done == steps:
                break
        batches.epoch += 1
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def speed(device: torch.device, load: Load) -> Outcome:
    """Train residual networks of each depth, prune them, and time what comes out."""
    told, prepared = images()
    by = "CUDA events" if device.type == "cuda" else "the clock, on one thread"
    outcome = Outcome(
        says=[
            f"Images: {told}. A training has {load.steps} steps of {load.batch_size} rows, "
            f"after {load.warmup} to warm up; the faster of two counts. A step of the library "
            "contains its share of starting Lightning.",
            f"Pruned by magnitude; rounded widths are multiples of {ROUND_TO}. Forward passes: "
            f"medians of {load.passes.repeats}, all networks in turns, by {by}. Eager "
            "passes of few rows last as long as their launches do; a CUDA graph launches once.",
        ],
        tables={"Training": [], "Forward passes": []},
    )
    compute = Compute.model_validate({"accelerator": ACCELERATOR[device.type]})
    prepared = placed(prepared, device, compute)
    for depth in load.depths:
        tell(f"  ResNet-{depth}")
        _one(f"ResNet-{depth}", depth, prepared, compute, device, load, outcome)
    return outcome


def _one(
    name: str,
    depth: int,
    prepared: Prepared,
    compute: Compute,
    device: torch.device,
    load: Load,
    outcome: Outcome,
) -> None:
    set_up_torch(0)
    spec = NetworkSpec("resnet", {"depth": depth}, prepared.input_shape, prepared.outputs)
    loop = TrainingLoop(
        prepared,
        Objective("cross_entropy", "accuracy"),
        Training(optimizer="sgd", lr=0.05, lr_schedule="cosine", batch_size=load.batch_size,
                 epochs=20),
        compute,
        0,
    )  # fmt: skip
    network = spec.build().to(device)
    plain = copy_network(network)
    trainings = {"library": partial(loop.recover, network, 0), "bare": partial(bare, plain, loop)}
    times, peaks = dict.fromkeys(trainings, math.inf), dict.fromkeys(trainings, 0.0)
    for training in trainings.values():
        training(load.warmup)
    # Twice, in turns there and back, so that a drift of the clock favours none.
    for which in [*trainings, *reversed(trainings)]:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        took = 1000 * seconds(partial(trainings[which], load.steps), device) / load.steps
        times[which] = min(times[which], took)
        if device.type == "cuda":
            peaks[which] = torch.cuda.max_memory_allocated(device) / MIB
    row: dict[str, Any] = {"network": name}
    row |= {f"{which}, ms a step": took for which, took in times.items()}
    if device.type == "cuda":
        row |= {f"{which}, peak MiB": peak for which, peak in peaks.items()}
    row["library ÷ bare"] = times["library"] / times["bare"]
    outcome.tables["Training"].append(row)
    pairs = zip(network.parameters(), plain.parameters(), strict=True)
    if not all(torch.equal(one, other) for one, other in pairs):
        outcome.wrong.append(f"{name}: the library's loop and the bare one end with other weights")
    outcome.tables["Forward passes"] += forward(name, network, spec, device, load)


def forward(
    name: str, network: nn.Module, spec: NetworkSpec, device: torch.device, load: Load
) -> Rows:
    """Rows of forward passes: the dense network, and each pruned one with what it gained."""
    network.eval()
    smaller = [shrunk(network, spec, share, g) for share in SHARES for g in (1, ROUND_TO)]
    networks = [network, *(one.network for one in smaller)]
    rows: Rows = [
        {"network": name, "widths": "dense", "MACs left": 1.0},
        *(
            {
                "network": name,
                "widths": "rounded" if one.granule > 1 else "as they come",
                "MACs left": one.share,
            }
            for one in smaller
        ),
    ]
    for one in networks:
        one.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    timer = cuda_seconds if device.type == "cuda" else wall_seconds
    for size in load.batches:
        inputs = channels_last(spec.sample(size).to(device))
        for mode in load.modes:
            made, _sizes = MODES[mode]
            calls = [made(one, inputs) for one in networks]
            times = np.median(interleaved(calls, load.passes, timer), axis=0)
            for row, took in zip(rows, times.tolist(), strict=True):
                row[f"{mode}, batch {size}, ms"] = took
                row[f"{mode}, batch {size}, speed-up"] = times[0] / took
    return rows
