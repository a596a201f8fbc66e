"""How numbers are written: the same precision, signs and units everywhere."""

import math
from collections.abc import Sequence

import pandas as pd

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"


def quality(value: float) -> str:
    """A quality such as accuracy or R², to three decimals."""
    return _signed(f"{value:.3f}", value)


def change(value: float) -> str:
    """A difference of qualities, to three decimals and always with its sign."""
    text = f"{value:+.3f}"
    return NOTHING if math.isnan(value) else text.replace("-", MINUS).replace("+0.000", "0.000")


def ratio(value: float) -> str:
    """A ratio with its sign of multiplication, to three significant digits, e.g. ``2.05×``."""
    return NOTHING if math.isnan(value) else f"{significant(value)}×"


def count(value: float) -> str:
    """A count of parameters or MACs with thin spaces between thousands."""
    return (
        NOTHING if math.isnan(value) else f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    )


def significant(value: float) -> str:
    """Three significant digits, never in exponential form."""
    if math.isnan(value):
        return NOTHING
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return _signed(f"{value:.{digits}f}", value)


def probability(value: float) -> str:
    """A p value to three decimals."""
    return NOTHING if math.isnan(value) else f"{value:.3f}"


def percent(share: float) -> str:
    """A share as percent, e.g. ``95 %``."""
    return f"{100 * share:g} %"


def plural(number: int, noun: str) -> str:
    """``1 seed``, ``5 seeds``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def numbers_of_seeds(counts: pd.Series) -> str:
    """``n = 5``, or ``n = 3–5`` where cells differ."""
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}" if low == high else f"n = {low}–{high}"


def _signed(text: str, value: float) -> str:
    return NOTHING if math.isnan(value) else text.replace("-", MINUS)
