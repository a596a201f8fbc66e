"""What tables call networks and methods."""

from collections.abc import Mapping

from prunestudy.networks.architectures.settings import Architecture
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, SameRatios

PARTS = ("criterion", "granularity", "allocation", "schedule")


def network_label(network: Architecture) -> str:
    """Architecture and widths in one word, e.g. ``cnn-32-64-128``."""
    values = network.model_dump()
    lists = (value for value in values.values() if isinstance(value, list))
    found = values.get("hidden") or values.get("channels") or next(lists, [])
    widths = found if isinstance(found, list) else [found]
    return "-".join([values["name"], *(str(width) for width in widths)])


def method_labels(method: Method, methods: Mapping[str, Method]) -> dict[str, str]:
    """The parts of a method as table entries.

    Baselines that prune have those of what they repeat or choose from; others have none, as the
    dense network.

    Args:
        methods: every method of the study, by name.
    """
    if isinstance(method, Baseline):
        pruning = [method.method] if method.method else method.among or []
        found = [method_labels(methods[name], methods) for name in pruning]
        return {
            part: "+".join(dict.fromkeys(one[part] for one in found)) or "none" for part in PARTS
        }
    if isinstance(method, ClosedLoop):
        return {
            "criterion": "+".join(method.controller.criteria),
            "granularity": "structured",
            "allocation": method.allocation,
            "schedule": method.schedule,
        }
    if isinstance(method, SameRatios):
        return {
            "criterion": method.criterion,
            "granularity": method.granularity,
            "allocation": f"layer ratios of {method.layer_ratios_from}",
            "schedule": "one_shot",
        }
    return {part: str(getattr(method, part)) for part in PARTS}
