"""What the check runs with, told before anything else is imported.

It supports Python 3.11 and 3.12, torch 2.11 to 2.13 and pytorch-lightning 2.6: what it calls of
torch must be in all of these. Snakemake, DVC, MLflow and ONNX Runtime may be missing.
"""

from importlib.metadata import PackageNotFoundError, version

OLDEST = {"torch": (2, 11), "pytorch-lightning": (2, 6)}
PACKAGES = (
    *OLDEST,
    *("numpy", "pandas", "scikit-learn", "safetensors"),
    *("pydantic", "ruamel.yaml", "torch-pruning"),
)


def versions() -> dict[str, str | None]:
    """What is installed of each package; none where it is not."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def lacking(found: dict[str, str | None]) -> list[str]:
    """What is missing or too old, in sentences."""
    told = []
    missing = [name for name, installed in found.items() if installed is None]
    if missing:
        told.append(f"not installed: {', '.join(missing)}; pip install {' '.join(missing)}")
    for name, oldest in OLDEST.items():
        installed = found[name]
        if installed is not None and _numbers(installed) < oldest:
            told.append(f"{name} {installed} is too old; it needs {oldest[0]}.{oldest[1]} or newer")
    return told


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
