"""The default study, and any study as a documented ``params.yaml``."""

import json
from typing import Any

from pydantic import BaseModel

from prunestudy.params import (
    Baseline,
    Claims,
    ClosedLoop,
    Cnn,
    Controller,
    Data,
    Method,
    Mlp,
    OpenLoop,
    Params,
    Report,
    Requirements,
    Study,
    Task,
    Training,
)

HEADER = """\
# yaml-language-server: $schema=docs/params.schema.json
# Parameters of a pruning study. Edit, then run `make study`: only what depends on the edit reruns.
# `prunestudy check` lists every problem; docs/params.schema.json lets editors complete keys.
"""


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


def documented(study: Study) -> str:
    """A study as YAML; each key is explained by its type where it first appears."""
    seen: set[tuple[type, str]] = set()
    return HEADER + "\n".join(_lines(study, 0, seen)) + "\n"


def _lines(params: Params, depth: int, seen: set[tuple[type, str]]) -> list[str]:
    lines: list[str] = []
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if value is None:
            continue
        comment = ""
        if (type(params), name) not in seen and field.description:
            comment = field.description
        seen.add((type(params), name))
        if depth == 0 and lines:
            lines.append("")
        lines += _entry(name, value, depth, seen, comment)
    return lines


def _entry(
    name: str, value: Any, depth: int, seen: set[tuple[type, str]], comment: str
) -> list[str]:
    indent = "  " * depth
    note = f"  # {comment}" if comment else ""
    if isinstance(value, BaseModel) or (isinstance(value, dict) and value):
        inner = (
            _lines(value, depth + 1, seen)  # type: ignore[arg-type]
            if isinstance(value, BaseModel)
            else [
                line
                for key, item in value.items()
                for line in _entry(str(key), item, depth + 1, seen, "")
            ]
        )
        return [f"{indent}{name}:{note}", *inner]
    return [f"{indent}{name}: {_scalar(value)}{note}"]


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        plain = value.replace("_", "").replace(" ", "")
        words = plain.isascii() and plain.isalnum() and not plain[0].isdigit()
        safe = words and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off")
        return value if safe and value == value.strip() else json.dumps(value, ensure_ascii=False)
    return str(value)
