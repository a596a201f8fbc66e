"""What tables call networks and methods."""

from prunestudy.networks.architectures.settings import Architecture
from prunestudy.pruning.settings import Baseline, ClosedLoop, Method, SameRatios

PARTS = ("criterion", "granularity", "allocation", "schedule")
NONE = dict.fromkeys(PARTS, "none")


def network_label(network: Architecture) -> str:
    """Architecture and widths in one word, e.g. ``cnn-32-64-128``."""
    values = network.model_dump()
    widths = next((value for value in values.values() if isinstance(value, list)), [])
    return "-".join([values["name"], *(str(width) for width in widths)])


def method_labels(method: Method) -> dict[str, str]:
    """The parts of a method as table entries; baselines have none, as the dense network."""
    if isinstance(method, Baseline):
        return NONE
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
