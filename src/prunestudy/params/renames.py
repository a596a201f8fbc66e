"""Old names of parameters: each is refused with the new one, and read as it."""

from collections.abc import Container
from typing import Any

from prunestudy.errors import Problem

STUDY = {"points": "compressions"}
METHOD = {
    "start": "prune_at",
    "of": "shapes_of",
    "normalise": "score_norm",
    "floor": "min_width_ratio",
    "quota_drop": "sensitivity_max_drop",
    "prune_share": "pruning_fraction",
    "sharing": "weight_sharing",
    "control": "baseline",
}
CONTROLLER = {
    "recovery": "expected_recovery",
    "proposals": "criteria_per_stage",
    "walk_share": "pruning_fraction",
}
# Values of a method's keys.
VALUES = {
    "granularity": {"structured_unstructured": "hybrid"},
    "allocation": {"quota": "layer_sensitivity"},
    "baseline": {"dense_extra": "dense_longer"},
}
LIKE = "like:"


def renamed(content: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The content of a file by the names of today, and a problem for each old one."""
    found: list[Problem] = []
    content = _keys(content, STUDY, "", found)
    if isinstance(content.get("report"), dict):
        content["report"] = _report(content["report"], found)
    methods = content.get("methods")
    if isinstance(methods, dict):
        content["methods"] = {
            name: _method(method, f"methods.{name}.", found) if isinstance(method, dict) else method
            for name, method in methods.items()
        }
    return content, found


def _report(given: dict[str, Any], found: list[Problem]) -> dict[str, Any]:
    """Claims belong to a question; before, one was asked of any adaptive and traditional."""
    if "claims" not in given:
        return given
    reason = (
        "belongs to a question now; write compare: {method: adaptive, against: traditional, "
        "claims: …}"
    )
    found.append(Problem("report.claims", reason))
    return {key: value for key, value in given.items() if key != "claims"}


def _method(given: dict[str, Any], place: str, found: list[Problem]) -> dict[str, Any]:
    method = _keys(given, METHOD, place, found, _senseless(given))
    for key, values in VALUES.items():
        old = method.get(key)
        if isinstance(old, str) and old in values:
            found.append(Problem(place + key, f"'{old}' was renamed to '{values[old]}'"))
            method[key] = values[old]
    allocation = method.get("allocation")
    other = allocation.removeprefix(LIKE) if isinstance(allocation, str) else allocation
    if other and other != allocation:
        reason = f"'{allocation}' was renamed; write layer_ratios_from: {other} instead"
        rest = [key for key in ("schedule", "round_to") if key in method]
        reason += f", without {' and '.join(rest)}" if rest else ""
        found.append(Problem(place + "allocation", reason))
        for key in ("allocation", *rest):
            del method[key]
        method["layer_ratios_from"] = other
    if isinstance(method.get("controller"), dict):
        method["controller"] = _keys(method["controller"], CONTROLLER, f"{place}controller.", found)
    return method


def _senseless(given: dict[str, Any]) -> set[str]:
    """Today's keys that nothing of this method reads: once, each method had them all."""
    allocation, schedule = str(given.get("allocation")), given.get("schedule", "one_shot")
    if schedule == "closed_loop":
        return set()
    found = set()
    if allocation != "global":
        found.add("score_norm")
    if allocation not in ("quota", "layer_sensitivity"):
        found.add("sensitivity_max_drop")
    if schedule == "one_shot":
        found.add("pruning_fraction")
    if allocation.startswith(LIKE) or given.get("granularity") == "unstructured":
        found.add("min_width_ratio")
    return found


def _keys(
    given: dict[str, Any],
    names: dict[str, str],
    place: str,
    found: list[Problem],
    senseless: Container[str] = (),
) -> dict[str, Any]:
    """A copy with today's keys; where both are given, the new one counts."""
    today = {}
    for old, value in given.items():
        if old not in names:
            continue
        new = names[old]
        if new in senseless:
            found.append(
                Problem(f"{place}{old}", f"is '{new}' now, which nothing reads here; remove it")
            )
        else:
            found.append(Problem(f"{place}{old}", f"was renamed to '{new}'"))
            today[new] = value
    return today | {key: value for key, value in given.items() if key not in names}
