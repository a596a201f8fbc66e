"""Settings of trainings: what is minimised, how, and where."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from prunestudy.settings.base import BatchSize, Epochs, NotNegative, Params, Positive


class Training(Params):
    """Optimiser, learning rate and length of one training."""

    optimizer: Literal["adam", "sgd"] = Field("adam", description="sgd has momentum 0.9")
    lr: Positive = Field(1e-3, le=100, description="peak learning rate")
    lr_schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        "constant", description="over all epochs of the training"
    )
    batch_size: BatchSize = Field(64, description="rows of a batch")
    epochs: Epochs = Field(description="passes over the training rows", examples=[30])
    weight_decay: NotNegative = Field(0.0, le=10, description="L2 penalty of the optimiser")


def _all_optional(schema: dict[str, Any]) -> None:
    schema.pop("required", None)


class Retraining(Training):
    """The same of a retraining; what is left out is as in the training."""

    model_config = ConfigDict(json_schema_extra=_all_optional)


class Compute(Params):
    """Where training runs, and how its outcome is kept."""

    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto",
        description="auto uses a GPU when there is one; networks of a CPU and of a GPU never mix",
    )
    precision: Literal[32, "bf16"] = Field(
        32, description="of trainings; bf16 keeps the weights themselves in 32 bits"
    )
    # The rest decides no number, so it is in no run key: what is excluded is in no dump.
    devices: int = Field(
        1, ge=1, le=1024, exclude=True, description="GPUs that the jobs share; a job uses one"
    )
    jobs_per_gpu: int = Field(
        4,
        ge=1,
        le=256,
        exclude=True,
        description="jobs that share a GPU; small networks leave most of it idle",
    )
    memory_gb: float | None = Field(
        None,
        ge=1,
        le=100_000,
        allow_inf_nan=False,
        exclude=True,
        description="most memory of a job on a CPU, in GB; a cell that needs more has failed "
        "(none: the machine's, shared by the jobs that run at once)",
        examples=[8],
    )
    fsync: bool = Field(
        True,
        exclude=True,
        description="what is finished survives a loss of power; false is faster on slow disks",
    )

    @property
    def gpu_shares(self) -> int:
        """Jobs that may be at work on GPUs at once."""
        return self.devices * self.jobs_per_gpu
