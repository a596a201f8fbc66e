"""Ridge regression (Hoerl & Kennard 1970)."""

from sklearn.linear_model import Ridge

from prunestudy.data.settings import Kind


def candidates(_target: Kind) -> dict[str, Ridge]:
    """Regressions of several penalties."""
    return {f"α = {penalty:g}": Ridge(alpha=penalty) for penalty in (0.1, 1, 10, 100, 1_000)}
