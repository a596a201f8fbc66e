"""Residual networks: time of a training step against a bare loop, and what pruning gains."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from prunestudy.data.tensors import Batches, Prepared
from prunestudy.gpu_check.images import images
from prunestudy.gpu_check.outcome import Outcome, Rows, tell
from prunestudy.gpu_check.shrink import ROUND_TO, SHARES, shrunk
from prunestudy.gpu_check.studies import ACCELERATOR
from prunestudy.gpu_check.timing import medians, seconds
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.spec import NetworkSpec, copy_network
from prunestudy.training.device import placed
from prunestudy.training.loop import TrainingLoop, lr_factor, make_optimizer
from prunestudy.training.objective import Objective, channels_last
from prunestudy.training.settings import Compute, Training

MIB = 2**20
# Of a single row, whose time is short and varies most.
MORE_REPEATS = 10


@dataclass(frozen=True)
class Load:
    """How much of everything.

    Attributes:
        steps: of a timed training.
        warmup: steps before it, and forward passes before those that are timed.
        batches: sizes of the batches whose forward passes are timed.
        repeats: of each forward pass; more of a single row.
    """

    depths: tuple[int, ...]
    steps: int
    warmup: int
    batch_size: int
    batches: tuple[int, ...]
    repeats: int


LOADS = {
    "cuda": Load((20, 56), 300, 20, 128, (1, 256), 30),
    "cpu": Load((20, 56), 3, 1, 64, (1, 256), 2),
    "quick": Load((20,), 2, 1, 8, (1, 8), 2),
}


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
            f"medians of {load.repeats} ({MORE_REPEATS * load.repeats} of a single row), all "
            f"networks in turns, by {by}.",
        ],
        tables={"Training": [], "Forward passes": []},
    )
    prepared = placed(prepared, device)
    for depth in load.depths:
        tell(f"  ResNet-{depth}")
        _one(f"ResNet-{depth}", depth, prepared, device, load, outcome)
    return outcome


def _one(
    name: str, depth: int, prepared: Prepared, device: torch.device, load: Load, outcome: Outcome
) -> None:
    set_up_torch(0)
    spec = NetworkSpec("resnet", {"depth": depth}, prepared.input_shape, prepared.outputs)
    loop = TrainingLoop(
        prepared,
        Objective("cross_entropy", "accuracy"),
        Training(optimizer="sgd", lr=0.05, lr_schedule="cosine", batch_size=load.batch_size,
                 epochs=20),
        Compute.model_validate({"accelerator": ACCELERATOR[device.type]}),
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
    for size in load.batches:
        inputs = channels_last(torch.randn(size, *spec.input_shape).to(device))
        with torch.inference_mode():
            calls = [partial(one, inputs) for one in networks]
            repeats = load.repeats if size > 1 else MORE_REPEATS * load.repeats
            times = medians(calls, device, load.warmup, repeats)
        for row, took in zip(rows, times, strict=True):
            row[f"batch {size}, ms"] = took
            row[f"batch {size}, speed-up"] = times[0] / took
    return rows
