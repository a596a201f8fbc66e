"""What the finding says of all other methods: losses to any of them, controls, equal points."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.telling import (
    MEASURES,
    NO_DIFFERENCE,
    PARAMS,
    Claim,
    Measure,
    aside,
    by_chance,
    numbers,
    sides,
    told,
    uncorrected,
)

PHRASES = {"lower": "lower", NO_DIFFERENCE: "not different", "higher": "higher"}
COUNTS = ("comparison-counts", "comparisons")


def against_others(inputs: Inputs, headline: pd.DataFrame, rule: str) -> list[Claim]:
    """How the reference compares with what the headline does not ask about, if there is any.

    Every loss in size, test quality and time, to controls as well; gains in size to the methods
    that stand by themselves. Where there is no verdict, the table has the numbers.
    """
    rows = headline[headline["second"] != (inputs.duel or ("", ""))[1]]
    if rows.empty:
        return []
    lost, certainly = [], False
    for measure in MEASURES:
        worse = rows[f"{measure.name}_verdict"] == measure.worse
        corrected = rows[f"{measure.name}_p_t_holm"] < 1 - inputs.level
        certainly |= bool((worse & corrected).any())
        lost += _each(inputs, rows[worse | (sides(rows, measure) == measure.worse)], measure)
    claims: list[Claim] = []
    if lost:
        text = f"{rule} beside the other methods, {'; '.join(lost)}."
        claims.append((certainly, text, ("headline",)))
    gains = _gains(inputs, rows[rows["second"].isin(inputs.compared)])
    if gains:
        text = f"{rule} in size against the other methods, {'; '.join(gains)}."
        claims.append((False, text, ("headline",)))
    return claims


def _gains(inputs: Inputs, rows: pd.DataFrame) -> list[str]:
    """Clauses on size: no difference to whom, then fewer parameters than whom."""
    clauses = []
    alike: dict[str, list[str]] = {}
    undecided = rows[rows["params_verdict"] == NO_DIFFERENCE]
    apart = sides(undecided, PARAMS)
    for second, group in undecided[apart == ""].groupby("second", sort=False):
        alike.setdefault(formatting.listed(list(group["task"])), []).append(str(second))
    if alike:
        nor = [f"{formatting.listed(names)} on {tasks}" for tasks, names in alike.items()]
        clauses.append(f"{inputs.reference} shows no difference to {'; nor to '.join(nor)}")
    clauses += _each(inputs, undecided[apart == PARAMS.better], PARAMS)
    chance = by_chance(inputs, rows, PARAMS)
    clauses += _each(inputs, rows[(rows["params_verdict"] == PARAMS.better) & ~chance], PARAMS)
    doubtful = [
        f"{second} on {numbers(inputs, group, PARAMS, named=place == 0)}"
        for place, (second, group) in enumerate(rows[chance].groupby("second", sort=False))
    ]
    if doubtful:
        clauses.append(f"{uncorrected(rows)} it needs fewer than {'; and than '.join(doubtful)}")
    return clauses


def _each(inputs: Inputs, rows: pd.DataFrame, measure: Measure) -> list[str]:
    """A clause for each of the other methods."""
    return [told(inputs, group, measure) for _second, group in rows.groupby("second", sort=False)]


def beside_controls(inputs: Inputs, compared: pd.DataFrame) -> list[Claim]:
    """What the controls leave of it, at the same operating point."""
    alike: dict[str, list[str]] = {}
    for control in inputs.controls:
        pairs = compared[compared["second"] == control]
        if len(pairs):
            alike.setdefault(f"{_counted(pairs)} of {len(pairs)}", []).append(control)
    if not alike:
        return []
    clauses = [
        f"{counts} against {formatting.listed(names)}{' each' if len(names) > 1 else ''}"
        for counts, names in alike.items()
    ]
    text = (
        f"Beside its controls, at the same operating point, test quality of {inputs.reference} is "
        f"{'; '.join(clauses)}."
    )
    return [(_certainly_lost(compared, inputs.controls), text, COUNTS)]


def _certainly_lost(compared: pd.DataFrame, others: list[str]) -> bool:
    """Whether a comparison is lost that is beyond chance once corrected for their number."""
    lost = compared["second"].isin(others) & (compared["verdict"] == "lower")
    return bool((lost & (compared["p_t_holm"] < 1 - compared["level"])).any())


def lost_to(inputs: Inputs, compared: pd.DataFrame) -> str:
    """The other methods that have the higher quality at the same operating point, if any."""
    clauses = []
    for other in inputs.compared:
        pairs = compared[compared["second"] == other]
        if (
            other in (inputs.duel or ())
            or not ((pairs["verdict"] == "lower") | (point_sides(pairs) == "lower")).any()
        ):
            continue
        clauses.append(f"; against {other} it is {_counted(pairs)} of {len(pairs)}")
    return "".join(clauses)


def equal_compression(inputs: Inputs, compared: pd.DataFrame, other: str) -> str:
    """How often the reference was lower, not different and higher at the same operating point."""
    pairs = compared[compared["second"] == other]
    total = len(pairs)
    if total == 0:
        return "there is no common operating point to compare at"
    if (pairs["verdict"] == "one seed").all():
        return f"at the same operating point, one seed allows no verdict on {_comparisons(total)}"
    certain = (pairs["verdict"] == "higher") & (pairs["p_t_holm"] < 1 - inputs.level)
    gains = int((pairs["verdict"] == "higher").sum())
    return (
        f"at the same operating point, of {_comparisons(total)} of test quality with {other}, "
        f"{inputs.reference} is {_counted(pairs)}{_corrected(gains, int(certain.sum()))}"
    )


def point_sides(pairs: pd.DataFrame) -> pd.Series:
    """As :func:`sides`, of comparisons at an operating point."""
    found = [
        aside(low, high, 0.0) if verdict == NO_DIFFERENCE else ""
        for low, high, verdict in zip(pairs["low"], pairs["high"], pairs["verdict"], strict=True)
    ]
    return pd.Series(found, index=pairs.index, dtype=object)


def _counted(pairs: pd.DataFrame) -> str:
    """How many are lower, not different and higher; and what intervals say of the second kind."""
    counts = [
        f"{phrase} in {int((pairs['verdict'] == verdict).sum())}"
        for verdict, phrase in PHRASES.items()
    ]
    apart = point_sides(pairs)
    intervals = [
        f"{side} in {int((apart == side).sum())}"
        for side in ("lower", "higher")
        if (apart == side).any()
    ]
    if intervals:
        counts[1] += f" (by the interval, but within the spread, {' and '.join(intervals)})"
    unknown = int((~pairs["verdict"].isin(list(PHRASES))).sum())
    if unknown:
        counts.append(f"without a verdict in {unknown}")
    return formatting.listed(counts)


def _corrected(number: int, certain: int) -> str:
    """How many of the gains are left once corrected for the number of comparisons."""
    return f" (in {certain} once corrected for a task's comparisons)" if number else ""


def _comparisons(number: int) -> str:
    return formatting.plural(number, "paired comparison")
