"""The default study."""

from prunestudy.data.settings import Data
from prunestudy.networks.architectures.settings import Cnn, Mlp
from prunestudy.params.settings import Claims, Report, Study, Task
from prunestudy.pruning.controller.settings import Controller, Requirements
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, OpenLoop
from prunestudy.training.settings import Training


def default_study() -> Study:
    """The study that ``make study`` runs: three real tasks, five seeds, eight methods, controls."""
    return Study(
        name="default",
        seeds=[0, 1, 2, 3, 4],
        points=[2, 4, 8, 16, 32, 64],
        tasks={
            "diabetes": Task(
                data=Data(name="diabetes"),
                network=Mlp(hidden=[5]),
                loss="mse",
                metric="r2",
                training=Training(lr=1e-3, epochs=100),
                retraining=Training(lr=1e-3, epochs=40),
                requirements=Requirements(max_drop=0.02),
            ),
            "digits": Task(
                data=Data(name="digits"),
                network=Cnn(channels=[32, 64, 128]),
                loss="cross_entropy",
                metric="accuracy",
                training=Training(lr=5e-3, lr_schedule="one_cycle", batch_size=128, epochs=20),
                retraining=Training(lr=5e-3, lr_schedule="cosine", batch_size=128, epochs=30),
                requirements=Requirements(max_drop=0.01),
            ),
            "wdbc": Task(
                data=Data(name="wdbc"),
                network=Mlp(hidden=[32, 16]),
                loss="cross_entropy",
                metric="accuracy",
                training=Training(lr=3e-3, epochs=30),
                retraining=Training(lr=3e-3, lr_schedule="cosine", epochs=40),
                requirements=Requirements(max_drop=0.01),
            ),
        },
        methods={**_compared(), **_controls()},
        report=Report(
            claims=Claims(
                source="the article behind this study, on random data (0.5 against 1.2 × 10⁴ "
                "parameters, 12 against 24 ms)",
                params=0.417,
                time=0.5,
            )
        ),
    )


def _compared() -> dict[str, Method]:
    return {
        "random": OpenLoop(criterion="random", allocation="global", normalise="none"),
        "traditional": OpenLoop(criterion="magnitude"),
        "magnitude_iterative": OpenLoop(
            criterion="magnitude",
            allocation="global",
            normalise="none",
            schedule="cubic",
            stages=8,
        ),
        **{
            # Baselines of before 2010 and of recent work, globally and in stages, as published.
            name: OpenLoop(
                criterion=name, allocation="global", normalise="none", schedule="cubic", stages=8
            )
            for name in ("obd", "taylor")
        },
        "adaptive": ClosedLoop(
            allocation="global",
            normalise="none",
            controller=Controller(),
        ),
        # Where time is worth measuring: bound by latency, and the fixed ratio with equal rounding.
        "traditional_rounded": OpenLoop(criterion="magnitude", round_to=8, tasks=["digits"]),
        "adaptive_latency": ClosedLoop(
            allocation="global",
            normalise="none",
            round_to=8,
            controller=Controller(resource="latency"),
            tasks=["digits"],
        ),
    }


def _controls() -> dict[str, Method]:
    """Controls that make the comparison fair; the same proportions under other criteria."""
    return {
        "dense_extra": Baseline(control="dense_extra"),
        "random_like_adaptive": OpenLoop(criterion="random", allocation="like:adaptive"),
        "magnitude_like_adaptive": OpenLoop(criterion="magnitude", allocation="like:adaptive"),
        "scratch_e": Baseline(control="scratch_e", of="adaptive"),
        "scratch_b": Baseline(control="scratch_b", of="adaptive"),
    }
