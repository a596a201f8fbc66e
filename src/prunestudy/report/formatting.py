"""How numbers are written: the same precision, signs and units everywhere."""

import math
import re
from collections.abc import Callable, Sequence

import pandas as pd

NOTHING = "–"
THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
# What git says of a checkout with uncommitted changes.
EDITED = "-dirty"


def visible(text: str) -> str:
    """A text without characters that nobody sees, but that turn the ones around them about."""
    return UNSEEN.sub("", text)


def quality(value: float) -> str:
    """A quality such as accuracy or R², to three decimals."""
    return _signed(f"{value:z.3f}", value)


def fine(value: float) -> str:
    """A mean quality whose differences are told, to four decimals as these."""
    return _signed(f"{value:z.4f}", value)


def change(value: float) -> str:
    """A difference of qualities, to four decimals and with its sign unless it is 0.0000."""
    text = f"{value:z.4f}" if abs(value) < 0.00005 else f"{value:+.4f}"
    return _signed(text, value)


def ratio(value: float) -> str:
    """A ratio with its sign of multiplication, to three significant digits, e.g. ``2.05×``."""
    return NOTHING if math.isnan(value) else f"{significant(value)}×"


def size(compression: float) -> str:
    """A compression at which methods are compared, e.g. ``2×``."""
    return f"{compression:g}×"


def bound(value: float, write: Callable[[float], str]) -> str:
    """An end of an interval; with more digits where it would read as none and is not."""
    text = write(value)
    none = 1.0 if write is ratio else 0.0
    if math.isnan(value) or value == none or not _reads_as(text, none):
        return text
    for digits in range(3 if write is ratio else 5, 8):
        finer = f"{value:.{digits}f}×" if write is ratio else f"{value:+.{digits}f}"
        if not _reads_as(finer, none):
            return finer.replace("-", MINUS)
    return text


def interval(low: float, high: float, write: Callable[[float], str] = quality) -> str:
    """``low to high``, or a dash where there is none."""
    return NOTHING if math.isnan(low) else f"{bound(low, write)} to {bound(high, write)}"


def estimate(mean: float, low: float, high: float, write: Callable[[float], str]) -> str:
    """A mean with its interval behind it, if it has one."""
    return write(mean) if math.isnan(low) else f"{write(mean)} ({interval(low, high, write)})"


def _reads_as(text: str, number: float) -> bool:
    plain = text.replace(MINUS, "-").replace(THIN, "").rstrip("×")
    return float(plain) == number


def count(value: float) -> str:
    """A count of parameters or MACs with thin spaces between thousands."""
    return NOTHING if math.isnan(value) else f"{value:,.0f}".replace(",", THIN)


def significant(value: float) -> str:
    """Three significant digits, never in exponential form."""
    if math.isnan(value):
        return NOTHING
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", THIN)
    # Of the rounded value: 0.9996 is 1.00, not 1.000.
    rounded = float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return _signed(f"{value:.{digits}f}", value)


def effect(value: float) -> str:
    """An effect size to two decimals, with its sign."""
    return NOTHING if math.isnan(value) else f"{value:+.2f}".replace("-", MINUS)


def point_name(point: str) -> str:
    """An operating point, e.g. ``dense``, ``4×`` or ``final``."""
    return "dense" if point == "1" else f"{point}×" if point[0].isdigit() else point


def decimal(value: float) -> str:
    """One digit behind the point."""
    return NOTHING if math.isnan(value) else f"{value:.1f}"


def mean_count(value: float) -> str:
    """A mean of counts, to one decimal where it needs it, e.g. ``40`` or ``55.4``."""
    return NOTHING if math.isnan(value) else f"{value:.1f}".removesuffix(".0")


def probability(value: float) -> str:
    """A p value to three decimals, or that it is smaller."""
    if math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def percent(share: float) -> str:
    """A share as percent, e.g. ``95 %``."""
    return _signed(f"{100 * share:g}{THIN}%", share)


def plural(number: int, noun: str) -> str:
    """``1 seed``, ``5 seeds``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def commit(name: object) -> str:
    """A commit's first twelve digits; that what ran was edited since is kept."""
    text = str(name)
    return text[:12] + (EDITED if text.endswith(EDITED) else "")


def numbers_of_seeds(counts: pd.Series) -> str:
    """``n = 5``, or ``n = 3–5`` where cells differ."""
    if counts.empty:
        return "n = 0"
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}" if low == high else f"n = {low}–{high}"


def _signed(text: str, value: float) -> str:
    return NOTHING if math.isnan(value) else text.replace("-", MINUS)
