"""A method of any type, from what a parameters file says."""

from typing import Any

from pydantic import TypeAdapter

from prunestudy.pruning.settings import ClosedLoop, Method, OpenLoop

_METHOD: TypeAdapter[Method] = TypeAdapter(Method)


def method_of(**content: Any) -> Method:
    """The method with this content."""
    return _METHOD.validate_python(content)


def tool_settings(method: Method) -> dict[str, Any]:
    """What a method says of its tools, as ``make_tools`` takes it."""
    if not isinstance(method, OpenLoop | ClosedLoop):
        return {}
    return {
        "score_norm": method.score_norm or "layer",
        "sensitivity_max_drop": method.sensitivity_max_drop or 0.0,
        "min_width_ratio": method.min_width_ratio or 0.0,
        "granule": method.round_to,
    }
