"""The one training loop, in Lightning, driven by a clock of epochs.

The clock is what makes methods comparable: the learning rate and the order of the batches are
functions of the epochs spent so far, whatever pruning happened in between.
"""

import contextlib
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from prunestudy.data.tensors import Batches, Prepared, Split
from prunestudy.training.device import device_of
from prunestudy.training.distillation import Teacher
from prunestudy.training.objective import Objective, channels_last
from prunestudy.training.resume import Journal, ResumePoint
from prunestudy.training.settings import Compute, Training

with warnings.catch_warnings():
    # Its import warns of optional packages that nobody here uses.
    warnings.simplefilter("ignore")
    import pytorch_lightning as lightning
    from pytorch_lightning.accelerators import CUDAAccelerator
    from pytorch_lightning.core.optimizer import LightningOptimizer
    from pytorch_lightning.strategies import SingleDeviceStrategy

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

MOMENTUM = 0.9
WARM_UP_SHARE = 0.2
WARM_UP_START = 0.1


def lr_factor(schedule: str, progress: float) -> float:
    """Learning rate as a share of its peak, at ``progress`` 0 … 1 of all epochs."""
    progress = min(max(progress, 0.0), 1.0)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if progress < WARM_UP_SHARE:
        return WARM_UP_START + (1 - WARM_UP_START) * progress / WARM_UP_SHARE
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP_SHARE) / (1 - WARM_UP_SHARE)))


# Called after each optimiser step with the network, the optimiser and the learning rate: where
# masks, proximal steps and shared weights take hold.
AfterStep = Callable[[nn.Module, Optimizer, float], None]


@dataclass(frozen=True)
class TrainingLoop:
    """Trains networks of one (task, seed) on its data, always in the same manner.

    Attributes:
        journal: where each epoch is kept, so that a killed job goes on from there.
    """

    data: Prepared
    objective: Objective
    settings: Training
    compute: Compute
    seed: int
    teacher: Teacher | None = None
    journal: Journal | None = None

    @cached_property
    def device(self) -> torch.device:
        """Where its networks are."""
        return device_of(self.compute)

    @property
    def batches_per_epoch(self) -> int:
        """Optimiser steps of one epoch."""
        return len(Batches(self.data.train, self.settings.batch_size, self.seed))

    @cached_property
    def lessons(self) -> Split:
        """The training rows, with the teacher's answers to them if there is one."""
        rows = self.data.train
        return rows if self.teacher is None else self.teacher.answer(rows, self.objective)

    def loss_of(self, outputs: Tensor, targets: Tensor, *guide: Tensor) -> Tensor:
        """What training minimises over a batch."""
        loss = self.objective.loss_of(outputs, targets)
        if self.teacher is None:
            return loss
        return self.teacher.blended(self.objective, loss, outputs, *guide)

    def train(
        self, network: nn.Module, start: int, end: int, after_step: AfterStep | None = None
    ) -> list[dict[str, Any]]:
        """Train from epoch ``start`` up to ``end`` of the clock, in place.

        Returns:
            One row an epoch: epoch (1-based on the clock), lr, train_loss, val_loss, val.
        """
        if end <= start:
            return []
        if self.journal is None:
            curve: list[dict[str, Any]] = []
            self._fit(network, start, curve, after_step, max_epochs=end - start)
            return curve
        page = self.journal.page(network, start, end)
        page.restore(network)
        begin = start + len(page.curve)
        if begin < end:
            self._fit(network, begin, page.curve, after_step, page, max_epochs=end - begin)
            page.write(network, page.curve)
        return page.curve

    def recover(self, network: nn.Module, start: int, batches: int) -> None:
        """Train for a few batches only, as a short recovery of a trial."""
        if batches > 0:
            self._fit(network, start, None, None, max_steps=batches)

    def _fit(
        self,
        network: nn.Module,
        start: int,
        curve: list[dict[str, Any]] | None,
        after_step: AfterStep | None,
        page: ResumePoint | None = None,
        **length: int,
    ) -> None:
        network.train()
        # The format of the inputs, so that nothing is converted at each step.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        batches = Batches(self.lessons, self.settings.batch_size, self.seed)
        module = _Supervised(network, self, batches, start, curve, after_step, page)
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")
            trainer = lightning.Trainer(
                accelerator=ACCELERATORS[self.device.type],
                devices=1,
                strategy=_Resident(self.device),
                precision="32-true" if self.compute.precision == 32 else "bf16-mixed",
                deterministic=True,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                **{"max_epochs": -1, **length},  # type: ignore[arg-type]
            )
            # Rows that do not fit on the device are pinned: the processor need not wait for copies.
            pinned = self.lessons.inputs.device != self.device
            trainer.fit(module, DataLoader(batches, batch_size=None, pin_memory=pinned))
        # The module is held as the optimiser was.
        del module.network
        network.zero_grad()
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]

    def validate(self, network: nn.Module) -> tuple[float, float]:
        """Loss and quality on the validation rows."""
        return self.objective.evaluate(network, self.data.validation)


class _Gpu(CUDAAccelerator):
    """A GPU whose memory the process keeps from one training to the next.

    Lightning gives it back before each, so that a trial of one batch would pay for it anew.
    """

    def setup(self, _trainer: lightning.Trainer) -> None:
        pass


# What Lightning calls each kind of device.
ACCELERATORS: dict[str, Any] = {"cpu": "cpu", "cuda": _Gpu()}


class _Resident(SingleDeviceStrategy):
    """One device, on which the network stays when a training has ended."""

    def teardown(self) -> None:
        self.precision_plugin.teardown()
        self.checkpoint_io.teardown()
        # Strategy and trainer hold each other, and so whatever they hold, until Python's garbage
        # collector comes by, which does not see how much of a GPU's memory that is.
        self.optimizers, self.lr_scheduler_configs = [], []


class _Supervised(lightning.LightningModule):
    def __init__(
        self,
        network: nn.Module,
        trainer: TrainingLoop,
        batches: Batches,
        start: int,
        curve: list[dict[str, Any]] | None,
        after_step: AfterStep | None,
        page: ResumePoint | None,
    ) -> None:
        super().__init__()
        self.network = network
        self.how = trainer
        self.batches = batches
        self.start = start
        self.curve = curve
        self.after_step = after_step
        self.page = page
        self.losses: list[Tensor] = []

    def configure_optimizers(self) -> Any:
        settings = self.how.settings
        optimizer = make_optimizer(self.network, settings)
        if self.page is not None:
            self.page.restore_optimizer(optimizer)
        steps = settings.epochs * len(self.batches)
        done = self.start * len(self.batches)
        schedule = LambdaLR(
            optimizer, lambda step: lr_factor(settings.lr_schedule, (done + step) / steps)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_train_epoch_start(self) -> None:
        self.batches.epoch = self.start + self.current_epoch
        self.losses.clear()

    def training_step(self, batch: tuple[Tensor, ...], _index: int) -> Tensor:
        inputs, *answers = batch
        loss = self.how.loss_of(self.network(channels_last(inputs)), *answers)
        self.losses.append(loss.detach())
        return loss

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None
    ) -> None:
        """One step of the optimiser, then what must hold after every step."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        if self.after_step is not None:
            plain = optimizer.optimizer if isinstance(optimizer, LightningOptimizer) else optimizer
            self.after_step(self.network, plain, plain.param_groups[0]["lr"])

    def on_train_epoch_end(self) -> None:
        if self.curve is None:
            return
        val_loss, val = self.how.validate(self.network)
        self.curve.append(
            {
                "epoch": self.start + self.current_epoch + 1,
                "lr": self.trainer.optimizers[0].param_groups[0]["lr"],
                "train_loss": torch.stack(self.losses).mean().item(),
                "val_loss": val_loss,
                "val": val,
            }
        )
        if self.page is not None and self.current_epoch + 1 < (self.trainer.max_epochs or 0):
            self.page.write(self.network, self.curve, self.trainer.optimizers[0])


def make_optimizer(network: nn.Module, settings: Training) -> Optimizer:
    """A fresh optimiser over the network's present parameters.

    Surgery replaces parameters, so an optimiser made before it would train dead tensors.
    """
    if settings.optimizer == "adam":
        return torch.optim.Adam(
            network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
        )
    return torch.optim.SGD(
        network.parameters(),
        lr=settings.lr,
        momentum=MOMENTUM,
        weight_decay=settings.weight_decay,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's tips for the console; errors still raise."""
    logger = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
