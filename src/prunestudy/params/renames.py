"""Old names of parameters: each is refused with the new one, and read as it."""

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
    methods = content.get("methods")
    if isinstance(methods, dict):
        content["methods"] = {
            name: _method(method, f"methods.{name}.", found) if isinstance(method, dict) else method
            for name, method in methods.items()
        }
    return content, found


def _method(given: dict[str, Any], place: str, found: list[Problem]) -> dict[str, Any]:
    method = _keys(given, METHOD, place, found)
    for key, values in VALUES.items():
        old = method.get(key)
        if isinstance(old, str) and old in values:
            found.append(Problem(place + key, f"'{old}' was renamed to '{values[old]}'"))
            method[key] = values[old]
    allocation = method.get("allocation")
    other = allocation.removeprefix(LIKE) if isinstance(allocation, str) else allocation
    if other and other != allocation:
        reason = f"'{allocation}' was renamed; write layer_ratios_from: {other} instead"
        found.append(Problem(place + "allocation", reason))
        del method["allocation"]
        method["layer_ratios_from"] = other
    if isinstance(method.get("controller"), dict):
        method["controller"] = _keys(method["controller"], CONTROLLER, f"{place}controller.", found)
    return method


def _keys(
    given: dict[str, Any], names: dict[str, str], place: str, found: list[Problem]
) -> dict[str, Any]:
    """A copy with today's keys; where both are given, the new one counts."""
    for old in given:
        if old in names:
            found.append(Problem(f"{place}{old}", f"was renamed to '{names[old]}'"))
    today = {names.get(key, key): value for key, value in given.items() if key in names}
    return today | {key: value for key, value in given.items() if key not in names}
