"""The page of a check, and the same as JSON."""

import json
import math
from collections.abc import Mapping
from typing import Any

from prunestudy.gpu_check.outcome import Outcome, Rows

# docs/gpu.md begins so, whether the check has run on a GPU or not.
INTRODUCTION = """\
# On a GPU

```
make gpu-check              # on a machine with one NVIDIA GPU: writes this page, and gpu.json
make gpu-check OUT=folder COMMIT=sha   # elsewhere; of what, where git does not tell
make gpu-check DEVICE=cpu   # the same script on a CPU: writes into .scratch/gpu-check
```

One script, at most 8 minutes on one GPU, tries what no other test here can. What it has found is
written after each part; a part that would begin too late is left out.

1. the tests marked `gpu`: trainings give the same bytes twice, and after a kill; each criterion
   scores as on the CPU; networks are timed eager, compiled and as a CUDA graph, and compute the
   same;
2. the steps fetch, prepare, train, prune and evaluate of the smoke study and of a small CNN on
   digits, twice: every digest is equal;
3. the same on the CPU: which decision is the first that differs, and by how much weights and
   qualities do, against a stated tolerance;
4. ResNet-20 and ResNet-56: time of a training step against a bare PyTorch loop, memory, and the
   forward passes of networks pruned to a half and a quarter of the MACs, eager and as a graph.

It needs Python 3.11 or 3.12, torch 2.11 to 2.13, pytorch-lightning 2.6, numpy, pandas,
scikit-learn and safetensors, and beside these pydantic, ruamel.yaml and torch-pruning, which take
about 11 MB: no snakemake, DVC, MLflow or ONNX, no network. Exit code 1 says that a part has
failed.
"""


def shown(value: Any) -> str:
    """A cell of a table."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else str(value)
    return str(value)


def table(rows: Rows) -> list[str]:
    """A table in Markdown, its columns in the order in which rows name them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[shown(row.get(name)) for name in columns] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def page(ran_on: Mapping[str, str], outcomes: Mapping[str, Outcome], at: str) -> str:
    """The page in Markdown."""
    lines = [INTRODUCTION, f"## The run of {at}", ""]
    lines += table([{"": name, "value": value} for name, value in ran_on.items()])
    lines.append("")
    lines += table(
        [
            {"part": title, "outcome": one.verdict, "seconds": one.seconds}
            for title, one in outcomes.items()
        ]
    )
    for title, one in outcomes.items():
        lines += ["", f"## {title}: {one.verdict}"]
        notes = [*one.says, *([] if one.left_out is None else [f"Left out; {one.left_out}."])]
        for note in notes:
            lines += ["", note]
        if one.wrong:
            lines += ["", *(f"- {' '.join(wrong.split())}" for wrong in one.wrong)]
        for name, rows in one.tables.items():
            if rows:
                lines += ["", f"### {name}", "", *table(rows)]
    return "\n".join(lines) + "\n"


def as_json(ran_on: Mapping[str, str], outcomes: Mapping[str, Outcome], at: str) -> str:
    """The same as JSON; a number that is none or infinite is null."""
    parts = {
        title: {
            "outcome": one.verdict,
            "seconds": one.seconds,
            "says": one.says,
            "wrong": one.wrong,
            "left_out": one.left_out,
            "tables": {
                name: [{key: _finite(value) for key, value in row.items()} for row in rows]
                for name, rows in one.tables.items()
            },
        }
        for title, one in outcomes.items()
    }
    content = {"at": at, "ran_on": dict(ran_on), "parts": parts}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
